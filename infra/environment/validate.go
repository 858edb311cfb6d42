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
	"example.com/saga/pkg/keyring"
)

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
		s.OpenOrders.validate(),
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
	if !regexp.MustCompile(`^(([\w.-]{1,64}=([1-9]|[1-5]\d|6[0-4])( |$))*)$`).MatchString(s.HotSKUs) {
		problems = append(problems, fmt.Errorf("setting HotSKUs: %q is not SKU=GROUPS, with 1 to 64 groups, and more of them after spaces", s.HotSKUs))
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

// maximumPartitions is enough for 50,000 orders a second. A sweep queries each of them.
const maximumPartitions = 100

func (p Partitions) validate() []error {
	var problems []error
	if p.Read < 0 || p.Read > maximumPartitions {
		problems = append(problems, fmt.Errorf("setting OpenOrders.Read: %d is not between 0 and %d", p.Read, maximumPartitions))
	}
	if p.Written < 0 || max(p.Written, 1) > max(p.Read, 1) {
		problems = append(problems, fmt.Errorf("setting OpenOrders.Written: %d partitions are written and %d read", p.Written, p.Read))
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
