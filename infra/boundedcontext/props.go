package boundedcontext

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/subscription"
)

// Props describes a bounded context.
type Props struct {
	// Service is the context's name in logs and metrics.
	Service string
	// Bus is where the events come from and, without an [OwnBus], where the
	// context's events go.
	Bus      awsevents.IEventBus
	Consumes subscription.Events
	Delivery Delivery
	Worker   Function
	// DueIndex adds an index of the items that are due to the table: those that
	// have the attributes open and due, ordered by due.
	DueIndex bool
	// Protected keeps data: the table is recoverable to any second, cannot be
	// deleted by mistake and, with the logs, outlives the stack.
	Protected        bool
	LogLevel         string
	LogRetentionDays int
	// Retention is how long the context remembers an event that it handled.
	Retention time.Duration
}

// Function describes one function of a bounded context.
type Function struct {
	// Artefact is the folder that holds the executable, named bootstrap.
	Artefact string
	MemoryMB int
	Timeout  time.Duration
	// TableActions are the DynamoDB operations that it may use on the
	// context's table, such as GetItem.
	TableActions []string
	// QueriesDue lets it query the context's DueIndex.
	QueriesDue bool
	// Variables are environment variables, besides those that every function of
	// the context has.
	Variables map[string]string
	// Publishes is all that it may publish. None publishes nothing.
	Publishes subscription.Events
	// ReservedConcurrency is both reserved and the most that runs at once.
	// Zero reserves nothing.
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
	} else if err := p.Delivery.validate(); err != nil {
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
	if f.MemoryMB < 128 || f.MemoryMB > 10240 {
		problems = append(problems, fmt.Errorf("a MemoryMB of %d is not between 128 and 10240", f.MemoryMB))
	}
	if f.Timeout < time.Second || f.Timeout > 15*time.Minute || f.Timeout%time.Second != 0 {
		problems = append(problems, fmt.Errorf("a Timeout of %s is not a number of seconds between 1 and 900", f.Timeout))
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
	if f.ReservedConcurrency < 0 {
		problems = append(problems, fmt.Errorf("a ReservedConcurrency of %d is negative", f.ReservedConcurrency))
	}
	return errors.Join(problems...)
}
