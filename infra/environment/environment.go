// Package environment has the settings in which the environments of the saga
// differ. Each is typed, and validated before anything is synthesized.
package environment

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/saga/infra/lambdalimit"
	"example.com/saga/infra/shift"
	"example.com/saga/pkg/keyring"
)

// Settings are those of one environment.
type Settings struct {
	// Name of the environment. The names of its stack and buses are made with it.
	Name string
	// Account and Region are the only AWS account and region that the environment
	// is deployed to. If both are empty, it is deployed to those of the
	// credentials.
	Account string
	Region  string
	// Qualifier is in the names of the roles and the bucket that cdk bootstrap
	// makes for this environment alone: the roles of one environment cannot deploy
	// another.
	Qualifier string
	// PermissionsBoundary is the name of the managed policy that limits every
	// role of the environment, whatever its own policies allow. Empty is no limit.
	PermissionsBoundary string
	// SharesAccount accepts that another environment is in the same account, where
	// only their permissions boundaries separate them: docs/deployment.md lists
	// what a deployment of one can then do to the other.
	SharesAccount bool
	// Target is the machine that the functions are compiled for, lambda or local:
	// a folder of dist.
	Target string
	// LogLevel is the least severe level that is written.
	LogLevel string
	// LogRetentionDays is one of the periods that CloudWatch Logs has.
	LogRetentionDays int
	// MaskEventLog masks personal data in the event log: reading it then needs the
	// permission logs:Unmask. CloudWatch Logs charges for each GB.
	MaskEventLog bool
	// ObservabilityQueue makes a queue with every event, for a program of your own.
	// The event log and the archive have every event without it. Each event costs a
	// request to SQS, whether the queue is read or not.
	ObservabilityQueue bool
	// Protected keeps data: tables can be recovered to any second, cannot be
	// deleted by mistake and, with the logs, are retained when their stack is
	// deleted.
	Protected bool
	// Deletable is set for the first of the two deployments that create a Protected
	// environment, and must not be set here: its stack and tables can still be
	// deleted, so that a creation that fails can be repeated.
	Deletable bool
	// CustomerKey encrypts what is kept with one key of the account: tables, queues,
	// logs, the archive and the secrets. It costs by the month and by its use, and
	// nothing works without it: docs/deployment.md.
	CustomerKey bool
	// Orders is which requests the order API accepts.
	Orders Access
	// NotificationsURL is the endpoint that every end of an order is posted to.
	NotificationsURL string
	// Monitoring makes the alarms and the dashboard, and the functions write metrics.
	// These cost the same without a single order: docs/cost.md has how much.
	Monitoring bool
	// AlarmAddress is the e-mail address that alarms are sent to. Without one they
	// are only on the dashboard, and without Monitoring there are none.
	AlarmAddress string
	// Retention is how many days a context remembers which events it has handled:
	// longer than an event can take to be redelivered.
	Retention time.Duration
	// Deadline is how long an order may take before it is cancelled.
	Deadline time.Duration
	// TracedShare is the share of orders that are traced, from 0 to 1. X-Ray
	// charges for each trace, and for those of invocations that Lambda samples by
	// itself, in an idle environment too. With 0 nothing is traced at all.
	TracedShare float64
	// Worker is the size of the functions that handle events, and of the sweeper.
	Worker Function
	// API is the size of the order API.
	API Function
	// MaxReceiveCount is how often a worker receives a message that it cannot
	// handle before SQS moves the message to the dead-letter queue. docs/design.md
	// has the delays between the receives.
	MaxReceiveCount int
	Limits          Concurrency
	// Deployment is how new versions of the functions take over.
	Deployment Deployment
}

// Access is which requests the order API accepts.
type Access int

const (
	// Signed accepts requests with an IAM signature, of principals that IAM allows
	// to invoke the function's URL.
	Signed Access = iota
	// OpenToEveryone accepts requests from the whole internet, throttled by
	// Limits.API. Reading and cancelling an order then needs the token from the
	// response to its placing. A change of the access changes the order ids that
	// idempotency keys lead to: a request that was sent before the change must not
	// be repeated after it.
	OpenToEveryone
)

// Function is the size of a Lambda function.
type Function struct {
	MemoryMB int
	Timeout  time.Duration
}

// Deployment is how the invocations of functions move to new versions. Other shifts
// than AllAtOnce are rolled back by alarms: docs/deployment.md.
type Deployment struct {
	// API is the shift of the order API.
	API shift.Shift
	// Workers is the shift of the functions that handle events, and of the sweeper.
	Workers shift.Shift
}

// Concurrency limits how much runs at once. Zero leaves a limit to AWS.
type Concurrency struct {
	// QueueWorkers is the number of batches that one queue's worker handles
	// at once.
	QueueWorkers int
	// DirectWorkers is the concurrency reserved for a worker that is invoked
	// directly.
	DirectWorkers int
	// API is the concurrency reserved for the order API, which also throttles it:
	// for each reserved execution a function URL accepts 10 requests a second
	// (https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html).
	API int
}

// Named returns the settings of the environment with this name. An error is
// returned if they are not valid, or if the deployment of one environment could
// change another.
func Named(name string) (Settings, error) {
	return find(name, all())
}

func find(name string, environments []Settings) (Settings, error) {
	i := slices.IndexFunc(environments, func(s Settings) bool { return s.Name == name })
	if i < 0 {
		return Settings{}, fmt.Errorf("unknown environment %q: choose one of %s", name, strings.Join(Names(), ", "))
	}
	return environments[i], errors.Join(environments[i].Validate(), checkSeparation(environments))
}

// all returns the settings of all environments, not yet validated.
func all() []Settings {
	var environments []Settings
	for _, name := range Names() {
		environments = append(environments, settingsOf(name))
	}
	return environments
}

func settingsOf(name string) Settings {
	settings := Settings{
		Name:                name,
		PermissionsBoundary: "saga-" + name + "-boundary",
		Target:              "lambda",
		LogLevel:            "info",
		LogRetentionDays:    30,
		ObservabilityQueue:  true,
		Monitoring:          true,
		Retention:           60 * 24 * time.Hour,
		Deadline:            24 * time.Hour,
		TracedShare:         1,
		Worker:              Function{MemoryMB: 256, Timeout: 30 * time.Second},
		API:                 Function{MemoryMB: 256, Timeout: 10 * time.Second},
		MaxReceiveCount:     10,
	}
	switch name {
	case "local":
		settings.Qualifier = "sagalocal"
		settings.PermissionsBoundary = "" // The local cloud has no IAM roles to limit.
		settings.Target = "local"
		settings.LogRetentionDays = 1
		settings.Orders = OpenToEveryone
		settings.Deadline = 2 * time.Minute
		settings.NotificationsURL = "https://localhost/notifications"
		settings.AlarmAddress = "on-call@localhost"
		settings.Limits = Concurrency{QueueWorkers: 2, DirectWorkers: 4, API: 20}
	case "dev":
		settings.Qualifier = "sagadev"
		settings.LogLevel = "debug"
		settings.LogRetentionDays = 7
		settings.Deadline = 15 * time.Minute
		settings.Monitoring = false
		settings.NotificationsURL = "https://dev.example.com/notifications"
	case "staging":
		settings.Account = stagingPlaceholder
		settings.Region = "eu-west-1"
		settings.Qualifier = "sagastage"
		settings.Protected = true
		settings.Deployment = gradually()
		settings.Limits = deployedLimits()
		settings.NotificationsURL = "https://staging.example.com/notifications"
	case "prod":
		settings.Account = prodPlaceholder
		settings.Region = "eu-west-1"
		settings.Qualifier = "sagaprod"
		settings.Protected = true
		settings.Deployment = gradually()
		settings.Limits = deployedLimits()
		settings.TracedShare = 0.1
		settings.LogRetentionDays = 60
		settings.ObservabilityQueue = false
		settings.NotificationsURL = "https://www.example.com/notifications"
		settings.AlarmAddress = "on-call@example.com"
	}
	return settings
}

// gradually is how the deployed environments shift to new versions: the alarms that roll
// a version back need up to 20 minutes.
func gradually() Deployment {
	return Deployment{API: shift.Canary10Percent30Minutes, Workers: shift.Linear10PercentEvery3Minutes}
}

// Names lists the environments.
func Names() []string {
	return []string{"local", "dev", "staging", "prod"}
}

// Validate returns an error that names every setting which is not valid.
func (s Settings) Validate() error {
	problems := slices.Concat(
		s.validateNames(),
		s.validateAccount(),
		s.validateRoles(),
		s.validateOrders(),
		s.validateLogs(),
		s.validateLongestRetention(),
		s.validateNotifications(),
		s.validateMonitoring(),
		s.Worker.validate("Worker"),
		s.API.validate("API"),
		s.Limits.validate(),
		s.Deployment.validate(),
	)
	// SQS keeps a message for 14 days at most, and 14 more once it is in a
	// dead-letter queue.
	if s.Retention < 28*24*time.Hour {
		problems = append(problems, fmt.Errorf("setting Retention: %s is shorter than the 28 days that a message can wait in a queue and its dead-letter queue", s.Retention))
	}
	// A batch that is throttled counts too, so AWS advises at least 5
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	// 1,000 is the most that SQS accepts.
	if s.MaxReceiveCount < 5 || s.MaxReceiveCount > 1000 {
		problems = append(problems, fmt.Errorf("setting MaxReceiveCount: %d is not between 5 and 1000", s.MaxReceiveCount))
	}
	// The retention of an archive is a number of days.
	if s.Retention%(24*time.Hour) != 0 {
		problems = append(problems, fmt.Errorf("setting Retention: %s is not a number of days", s.Retention))
	}
	// The keys derive the ids and tokens of orders, so they are kept for longer than
	// an order is: a repeated request must find it, and its token must be valid.
	if longest := keyring.KeepFor - s.Deadline; s.Retention > longest {
		problems = append(problems, fmt.Errorf("setting Retention: %s is longer than the %s for which the keys of orders' ids are kept", s.Retention, longest))
	}
	// The sweeper runs once a minute, and an order is remembered for the Retention.
	if s.Deadline < time.Minute || s.Deadline >= s.Retention {
		problems = append(problems, fmt.Errorf("setting Deadline: %s is not between a minute and the Retention", s.Deadline))
	}
	if !(s.TracedShare >= 0 && s.TracedShare <= 1) {
		problems = append(problems, fmt.Errorf("setting TracedShare: %g is not between 0 and 1", s.TracedShare))
	}
	if s.Deletable {
		problems = append(problems, errors.New("setting Deletable: only -c protection=later sets it, for a first deployment"))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("settings of environment %q: %w", s.Name, err)
	}
	return nil
}

func (s Settings) validateNames() []error {
	var problems []error
	if !slices.Contains(Names(), s.Name) {
		problems = append(problems, fmt.Errorf("setting Name: %q is not one of %s", s.Name, strings.Join(Names(), ", ")))
	}
	if s.Target != "lambda" && s.Target != "local" {
		problems = append(problems, fmt.Errorf("setting Target: %q is not lambda or local", s.Target))
	}
	if s.CustomerKey && s.Target == "local" {
		problems = append(problems, errors.New("setting CustomerKey: the local cloud has no keys"))
	}
	return problems
}

func (s Settings) validateAccount() []error {
	if s.Account == "" && s.Region == "" {
		if s.Protected {
			return []error{errors.New("setting Account: a protected environment needs an account and a region")}
		}
		return nil
	}
	var problems []error
	if !regexp.MustCompile(`^\d{12}$`).MatchString(s.Account) {
		problems = append(problems, fmt.Errorf("setting Account: %q is not the 12 digits of an AWS account", s.Account))
	}
	if !regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`).MatchString(s.Region) {
		problems = append(problems, fmt.Errorf("setting Region: %q is not the name of an AWS region", s.Region))
	}
	return problems
}

func (s Settings) validateRoles() []error {
	var problems []error
	// It is in the name of an S3 bucket, which is in lower case, and of IAM roles,
	// whose names leave 10 characters for it.
	if !regexp.MustCompile(`^[a-z0-9]{1,10}$`).MatchString(s.Qualifier) {
		problems = append(problems, fmt.Errorf("setting Qualifier: %q is not 1 to 10 lower-case letters and digits", s.Qualifier))
	}
	if !regexp.MustCompile(`^[\w+=,.@-]{0,128}$`).MatchString(s.PermissionsBoundary) {
		problems = append(problems, fmt.Errorf("setting PermissionsBoundary: %q is not the name of a managed policy", s.PermissionsBoundary))
	}
	if s.SharesAccount && s.PermissionsBoundary == "" {
		problems = append(problems, errors.New("setting SharesAccount: without a PermissionsBoundary nothing separates the environments in an account"))
	}
	return problems
}

func (s Settings) validateOrders() []error {
	switch s.Orders {
	case Signed:
		return nil
	case OpenToEveryone:
		if s.Limits.API == 0 {
			return []error{errors.New("setting Limits.API: with Orders OpenToEveryone there must be a limit")}
		}
		return nil
	}
	return []error{fmt.Errorf("setting Orders: %d is not Signed or OpenToEveryone", s.Orders)}
}

func (s Settings) validateLogs() []error {
	var problems []error
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel) {
		problems = append(problems, fmt.Errorf("setting LogLevel: %q is not debug, info, warn or error", s.LogLevel))
	}
	if err := lambdalimit.CheckLogRetention(s.LogRetentionDays); err != nil {
		problems = append(problems, fmt.Errorf("setting LogRetentionDays: %w", err))
	}
	return problems
}

func (s Settings) validateNotifications() []error {
	endpoint, err := url.Parse(s.NotificationsURL)
	if err != nil {
		return []error{fmt.Errorf("setting NotificationsURL: %w", err)}
	}
	if endpoint.Scheme != "https" || endpoint.Host == "" {
		return []error{fmt.Errorf("setting NotificationsURL: %q is not an https URL, and API destinations accept no other", s.NotificationsURL)}
	}
	return nil
}

func (s Settings) validateMonitoring() []error {
	var problems []error
	if s.Name == "prod" && !s.Monitoring {
		problems = append(problems, errors.New("setting Monitoring: prod must have it"))
	}
	if !s.Monitoring && s.Deployment != (Deployment{}) {
		problems = append(problems, errors.New("setting Monitoring: a Deployment in shifts must have it, because alarms roll it back"))
	}
	if s.Name == "prod" && s.AlarmAddress == "" {
		problems = append(problems, errors.New("setting AlarmAddress: prod must have one"))
	}
	if s.AlarmAddress == "" {
		return problems
	}
	address, err := mail.ParseAddress(s.AlarmAddress)
	if err != nil || address.Address != s.AlarmAddress {
		problems = append(problems, fmt.Errorf("setting AlarmAddress: %q is not an e-mail address alone", s.AlarmAddress))
	}
	return problems
}

func (f Function) validate(setting string) []error {
	var problems []error
	if err := lambdalimit.CheckMemory(f.MemoryMB); err != nil {
		problems = append(problems, fmt.Errorf("setting %s.MemoryMB: %w", setting, err))
	}
	if err := lambdalimit.CheckTimeout(f.Timeout); err != nil {
		problems = append(problems, fmt.Errorf("setting %s.Timeout: %w", setting, err))
	}
	return problems
}

func (d Deployment) validate() []error {
	var problems []error
	if err := d.API.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("setting Deployment.API: %w", err))
	}
	if err := d.Workers.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("setting Deployment.Workers: %w", err))
	}
	return problems
}

func (c Concurrency) validate() []error {
	var problems []error
	if err := lambdalimit.CheckMaximumConcurrency(c.QueueWorkers); err != nil {
		problems = append(problems, fmt.Errorf("setting Limits.QueueWorkers: %w", err))
	}
	if c.DirectWorkers < 0 {
		problems = append(problems, fmt.Errorf("setting Limits.DirectWorkers: %d is negative", c.DirectWorkers))
	}
	if c.API < 0 {
		problems = append(problems, fmt.Errorf("setting Limits.API: %d is negative", c.API))
	}
	return problems
}
