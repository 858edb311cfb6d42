package boundedcontext

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/lambdalimit"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/shift"
)

// Props describes a bounded context. Every field without a default is required.
type Props struct {
	// Service is the context's name: SERVICE_NAME in its functions. It begins with a
	// letter, and has letters, digits, dots, hyphens and underscores.
	Service string
	// Bus is the bus that the events come from and, without an [OwnBus], on which
	// the context publishes. It is in the account and the region of the stack, and
	// is not the default bus.
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
	// Sweeper publishes again what was committed and never published. A context with a
	// function that executes commands needs one: a command is not delivered again, as an
	// event is. By default there is none.
	Sweeper *Sweeper
	// DueIndex adds an index named due to the table. It has the keys of the items
	// with the attributes open (a string) and due (a number), ordered by due. By
	// default there is one for a Sweeper only.
	DueIndex bool
	// AccountIndex adds an index named account to the table. It has the keys and the
	// amount of the items with the attributes account (a string), until and amount
	// (numbers), ordered by until. By default there is none.
	AccountIndex bool
	// Protected keeps data: the table can be recovered to any second of the last 35
	// days, cannot be deleted by mistake and, with the logs, is retained when the
	// stack is deleted. If the deployment that creates them fails, they are deleted.
	// By default everything is deleted with the stack.
	Protected bool
	// Deletable leaves the deletion protection of a Protected table out, for the
	// first deployment of a stack: if that fails, CloudFormation could not delete the
	// table, nor the stack. Deploy a second time without it.
	Deletable bool
	// Key encrypts the table, the queues and the logs: the package's documentation
	// lists who may then use it. By default AWS encrypts them with keys of its own.
	Key awskms.IKey
	// LogLevel is LOG_LEVEL in the functions.
	LogLevel string
	// LogRetentionDays is how long logs are kept: one of the periods that
	// CloudWatch Logs has, such as 1, 7, 30 or 365.
	LogRetentionDays int
	// MetricsNamespace is the CloudWatch namespace of the functions' own metrics:
	// METRICS_NAMESPACE in the functions, which is empty where monitoring is disabled
	// (see [resource.DisableMonitoring]). It separates environments that share an
	// account.
	MetricsNamespace string
	// Untraced leaves X-Ray out: Lambda samples no invocation, and the functions may
	// not send traces and have TRACED_SHARE=0. By default Lambda samples the first
	// invocation of each second and 5 % of the others, which has no setting and is
	// charged (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html).
	Untraced bool
	// Retention is how long the context remembers an event that it handled, in whole
	// seconds: RETENTION in its functions. It must be longer than an event can take
	// to be delivered again: 14 days in the queue, 14 more in the dead-letter queue,
	// and the time until it is redriven.
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
	// Shift is how a new version of the function takes over. By default it does so
	// at once, and nothing rolls it back.
	Shift shift.Shift
}

func (p Props) withDefaults() Props {
	if p.Sweeper != nil {
		p.Sweeper, p.DueIndex = new(p.Sweeper.withDefaults()), true
	}
	return p
}

func (p Props) validate(scope constructs.Construct) error {
	problems := []error{checkService(p.Service), resource.CheckBus(scope, p.Bus), checkNamespace(p.MetricsNamespace), checkRetention(p.Retention)}
	if err := p.Consumes.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Consumes: %w", err))
	}
	if p.Delivery == nil {
		problems = append(problems, errors.New("no Delivery"))
	} else if err := p.Delivery.validate(scope, p.Consumes); err != nil {
		problems = append(problems, fmt.Errorf("in Delivery: %w", err))
	}
	if err := p.Worker.validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Worker: %w", err))
	}
	if p.Sweeper != nil {
		if err := p.Sweeper.validate(); err != nil {
			problems = append(problems, fmt.Errorf("in Sweeper: %w", err))
		}
	}
	if p.Worker.QueriesDue && !p.DueIndex {
		problems = append(problems, errors.New("in Worker: it QueriesDue, but there is no DueIndex"))
	}
	if strings.TrimSpace(p.LogLevel) == "" {
		problems = append(problems, errors.New("no LogLevel"))
	}
	if err := lambdalimit.CheckLogRetention(p.LogRetentionDays); err != nil {
		problems = append(problems, fmt.Errorf("no LogRetentionDays: %w", err))
	}
	if p.MetricsNamespace == "" {
		problems = append(problems, errors.New("no MetricsNamespace"))
	}
	return errors.Join(problems...)
}

func (f Function) validate() error {
	problems := []error{f.checkArtefact(), f.checkTableActions(), f.checkVariables()}
	if err := lambdalimit.CheckMemory(f.MemoryMB); err != nil {
		problems = append(problems, fmt.Errorf("a MemoryMB of %w", err))
	}
	if err := lambdalimit.CheckTimeout(f.Timeout); err != nil {
		problems = append(problems, fmt.Errorf("a Timeout of %w", err))
	}
	if len(f.Publishes) > 0 {
		if err := f.Publishes.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("in Publishes: %w", err))
		}
	}
	if f.ReservedConcurrency < 0 {
		problems = append(problems, fmt.Errorf("a ReservedConcurrency of %d is negative", f.ReservedConcurrency))
	}
	if err := f.Shift.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("the Shift %w", err))
	}
	return errors.Join(problems...)
}
