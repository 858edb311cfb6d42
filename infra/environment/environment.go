// Package environment has the settings in which the environments of the saga
// differ. Each is typed, and validated before anything is synthesized.
package environment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/saga/infra/shift"
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
	// SchemaRegistry makes a schema registry of EventBridge with the schema of every
	// event, from which AWS's tools generate code. The boundary must allow it:
	// docs/deployment.md.
	SchemaRegistry bool
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
	// HotSKUs has the SKUs of more than five orders a second, each with the number of groups
	// of 64 shards that its stock is spread over, 1 to 64: 123=64 456=4. docs/capacity.md has
	// how many are needed.
	HotSKUs string
	// OpenOrders are the partitions of the index of open orders.
	OpenOrders Partitions
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

// Partitions are those of an index. A partition has to be read in one deployment before it is
// written in a later one, and for as long as it has an entry: docs/deployment.md. Zero is
// one partition.
type Partitions struct {
	Read, Written int
}

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
		SchemaRegistry:      name == "prod", // Other teams build on its events alone.
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
