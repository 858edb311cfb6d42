package boundedcontext

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"example.com/saga/infra/lambdalimit"
	"example.com/saga/infra/resource"
)

// Props describes a bounded context. Every field without a default is required.
type Props struct {
	// Service is the context's name: SERVICE_NAME in its functions.
	Service string
	// Bus is the bus that the events come from and, without an [OwnBus], on which
	// the context publishes.
	Bus awsevents.IEventBus
	// Consumes are the events that the worker receives, if their detail has the
	// same source and type as their envelope. There is a rule for each source, and
	// its types must fit into the 2,048 characters of an event pattern
	// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
	Consumes resource.Events
	// Delivery is how they reach it: [Queue], [FIFOQueue] or [OwnBus].
	Delivery Delivery
	// Worker handles the events.
	Worker Function
	// DueIndex adds an index named due to the table. It has the keys of the items
	// with the attributes open (a string) and due (a number), ordered by due. By
	// default there is none.
	DueIndex bool
	// AccountIndex adds an index named account to the table. It has the keys and the
	// amount of the items with the attributes account (a string), until and amount
	// (numbers), ordered by until. By default there is none.
	AccountIndex bool
	// Protected keeps data: the table can be recovered to any second of the last 35
	// days, cannot be deleted by mistake and, with the logs, is retained when the
	// stack is deleted. By default everything is deleted with the stack.
	Protected bool
	// Key encrypts the table, the queues and the logs: the package's documentation
	// lists who may then use it. By default AWS encrypts them with keys of its own.
	Key awskms.IKey
	// LogLevel is LOG_LEVEL in the functions.
	LogLevel string
	// LogRetentionDays is how long logs are kept: one of the periods that
	// CloudWatch Logs has, such as 1, 7, 30 or 365.
	LogRetentionDays int
	// MetricsNamespace is the CloudWatch namespace of the functions' own metrics:
	// METRICS_NAMESPACE in the functions. It separates environments that share an
	// account.
	MetricsNamespace string
	// Retention is how long the context remembers an event that it handled:
	// RETENTION in its functions. It must be longer than an event can take to be
	// delivered again: 14 days in the queue, 14 more in the dead-letter queue, and
	// the time until it is redriven.
	Retention time.Duration
}

// Function describes one function of a bounded context. Every field without a
// default is required.
type Function struct {
	// Artefact is the folder of the executable, which is named bootstrap and built
	// for Linux on arm64.
	Artefact string
	// MemoryMB is from 128 to 10,240. The share of a processor grows with it.
	MemoryMB int
	// Timeout is a number of seconds, up to 15 minutes.
	Timeout time.Duration
	// TableActions are the DynamoDB operations that it may use on the
	// context's table, such as GetItem.
	TableActions []string
	// QueriesDue allows it to query the context's DueIndex. By default it may not.
	QueriesDue bool
	// Variables are environment variables besides those that the context sets. By
	// default there are none.
	Variables map[string]string
	// Publishes are the events that it may publish. By default there are none.
	Publishes resource.Events
	// ReservedConcurrency is how many instances can run at once, and is taken from
	// the account's concurrency. By default only the account limits the function.
	// For a worker that polls a queue, set the MaximumConcurrency of its delivery.
	ReservedConcurrency int
}

func (p Props) validate() error {
	var problems []error
	if p.Service == "" {
		problems = append(problems, errors.New("no Service"))
	}
	if p.Bus == nil {
		problems = append(problems, errors.New("no Bus"))
	}
	if err := p.Consumes.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Consumes: %w", err))
	}
	if p.Delivery == nil {
		problems = append(problems, errors.New("no Delivery"))
	} else if err := p.Delivery.validate(p.Consumes); err != nil {
		problems = append(problems, fmt.Errorf("in Delivery: %w", err))
	}
	if err := p.Worker.validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Worker: %w", err))
	}
	if p.Worker.QueriesDue && !p.DueIndex {
		problems = append(problems, errors.New("in Worker: it QueriesDue, but there is no DueIndex"))
	}
	if p.LogLevel == "" {
		problems = append(problems, errors.New("no LogLevel"))
	}
	if p.LogRetentionDays <= 0 {
		problems = append(problems, errors.New("no LogRetentionDays"))
	}
	if p.MetricsNamespace == "" {
		problems = append(problems, errors.New("no MetricsNamespace"))
	}
	if p.Retention <= 0 {
		problems = append(problems, errors.New("no Retention"))
	}
	return errors.Join(problems...)
}

func (f Function) validate() error {
	var problems []error
	if f.Artefact == "" {
		problems = append(problems, errors.New("no Artefact"))
	}
	if err := lambdalimit.CheckMemory(f.MemoryMB); err != nil {
		problems = append(problems, fmt.Errorf("a MemoryMB of %w", err))
	}
	if err := lambdalimit.CheckTimeout(f.Timeout); err != nil {
		problems = append(problems, fmt.Errorf("a Timeout of %w", err))
	}
	if len(f.TableActions) == 0 {
		problems = append(problems, errors.New("no TableActions"))
	}
	for _, action := range f.TableActions {
		if action == "" || strings.ContainsAny(action, ":*?") {
			problems = append(problems, fmt.Errorf("in TableActions: %q is not the name of one operation", action))
		}
	}
	if len(f.Publishes) > 0 {
		if err := f.Publishes.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("in Publishes: %w", err))
		}
	}
	if err := f.validateVariables(); err != nil {
		problems = append(problems, err)
	}
	if f.ReservedConcurrency < 0 {
		problems = append(problems, fmt.Errorf("a ReservedConcurrency of %d is negative", f.ReservedConcurrency))
	}
	return errors.Join(problems...)
}

// validateVariables returns an error that names the variables which the context
// sets itself.
func (f Function) validateVariables() error {
	var problems []error
	for _, own := range []string{
		"DEAD_LETTER_QUEUE_URL", "EVENT_BUS_NAME", "GOMAXPROCS", "GOMEMLIMIT", "IMMEDIATE_QUEUE_URL", "LOG_LEVEL", "METRICS_NAMESPACE",
		"QUEUE_URL", "RETENTION", "SERVICE_NAME", "TABLE_NAME",
	} {
		if _, taken := f.Variables[own]; taken {
			problems = append(problems, fmt.Errorf("in Variables: %s is set by the context itself", own))
		}
	}
	return errors.Join(problems...)
}
