// Package redrive sends dead letters to their original destinations. A dead letter is
// deleted only after it was sent, so it may be delivered twice but is never lost. Every
// handler of the saga recognises an event that it has handled.
package redrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/rule"
)

// Queues is the part of the SQS client that a Redriver uses.
type Queues interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	deadletter.Describer
}

// Buses is the part of the EventBridge client that a Redriver uses.
type Buses interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
	rule.Matcher
}

// Functions is the part of the Lambda client that a Redriver uses.
type Functions interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// Redriver finds the original destinations of dead letters. Besides those of a
// deadletter.Queue it needs the permissions sqs:SendMessage, sqs:GetQueueUrl and
// sqs:GetQueueAttributes, events:PutEvents and events:TestEventPattern,
// lambda:InvokeFunction and lambda:GetFunctionConfiguration.
//
// Its user has more permissions than the sender of a dead letter, which can be a worker
// with any content and any attributes. So the destinations come from the stack, and a
// dead letter only selects among those whose dead-letter queue it is in.
type Redriver struct {
	Queues    Queues
	Buses     Buses
	Functions Functions
	// Sources are the queues that have a dead-letter queue.
	Sources deadletter.Sources
	// Owners are the functions that have a dead-letter queue, by its ARN: each is what
	// Lambda accepts as the name of a function to invoke.
	Owners map[string][]string
	// Rules are those of the stack, as they are now.
	Rules []rule.Rule
	// Check returns an error if what belongs to the dead-letter queue with a construct path
	// can never handle a payload. Then that is not sent to a queue or a function. If Check
	// is nil, everything is sent.
	Check func(path string, payload []byte) error
}

// live is the alias through which infra/boundedcontext lets a function be invoked. The
// function without it is its newest version, which may have been rolled back.
const live = "live"

// FindOwners reads the dead-letter queues of the asynchronous invocations of functions,
// and returns the functions' names by the queues' ARNs, each with its alias.
func FindOwners(ctx context.Context, client Functions, names map[string]string) (map[string][]string, error) {
	owners := make(map[string][]string)
	for _, path := range slices.Sorted(maps.Keys(names)) {
		name := names[path]
		out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return nil, fmt.Errorf("get the dead-letter queue of %s: %w", path, err)
		}
		if out.DeadLetterConfig != nil {
			queue := aws.ToString(out.DeadLetterConfig.TargetArn)
			owners[queue] = append(owners[queue], name+":"+live)
		}
	}
	return owners, nil
}

// Options selects dead letters.
type Options struct {
	// ID is the id of one dead letter; empty means all.
	ID string
	// Most is how many dead letters at most, deadletter.Maximum if it is zero.
	Most int
	// DryRun sends nothing.
	DryRun bool
	// Planned is called before the first dead letter is sent, if it is not nil: with
	// the errors of those that will stay.
	Planned func([]Outcome)
}

// Outcome is the outcome of redriving a dead letter. With an error, the dead letter is
// still in the queue.
type Outcome struct {
	Message deadletter.Message
	// To is its destination.
	To  string
	Err error
}

// ErrNeverHandled marks a dead letter that Check has refused.
var ErrNeverHandled = errors.New("it can never be handled")

// Redrive sends dead letters, one after the other, and returns the outcome of each. All
// are taken before the first is sent, so that one which fails again and comes back is
// not sent twice.
func (r *Redriver) Redrive(ctx context.Context, queue deadletter.Queue, o Options) (outcomes []Outcome, err error) {
	arn, err := r.arnOf(ctx, queue)
	if err != nil {
		return nil, err
	}
	most := deadletter.Maximum
	if o.Most > 0 && o.ID == "" {
		most = o.Most
	}
	messages, err := queue.Take(ctx, most)
	if err != nil {
		return nil, err
	}
	outcomes, routes, kept := r.plan(ctx, queue.Name, arn, messages, o.ID)
	defer func() { err = errors.Join(err, queue.PutBack(ctx, kept)) }()
	if o.ID != "" && len(outcomes) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("%w %s in %s", deadletter.ErrNotFound, o.ID, queue.Name)
	}
	if o.Planned != nil {
		o.Planned(outcomes)
	}
	done, left := run(ctx, queue, outcomes, routes, o.DryRun)
	kept = append(kept, left...)
	return done, ctx.Err()
}

// run sends planned dead letters until ctx ends. It returns the outcomes so far, and the
// messages that are still in the queue.
func run(ctx context.Context, queue deadletter.Queue, planned []Outcome, routes []route, dryRun bool) (done []Outcome, kept []deadletter.Message) {
	for i, outcome := range planned {
		stopped := ctx.Err() != nil
		if !stopped && !dryRun && outcome.Err == nil {
			outcome.Err = move(ctx, queue, routes[i], outcome.Message)
		}
		if stopped || dryRun || outcome.Err != nil {
			kept = append(kept, outcome.Message)
		}
		if !stopped {
			done = append(done, outcome)
		}
	}
	return done, kept
}

// plan finds the route of the dead letter with an id or, if that is empty, of each. The
// others are kept.
func (r *Redriver) plan(ctx context.Context, path, arn string, messages []deadletter.Message, id string) (outcomes []Outcome, routes []route, kept []deadletter.Message) {
	for _, m := range messages {
		if (id != "" && m.ID != id) || ctx.Err() != nil {
			kept = append(kept, m)
			continue
		}
		to, err := r.checkedRoute(ctx, path, arn, m)
		outcomes, routes = append(outcomes, Outcome{Message: m, To: to.destination, Err: err}), append(routes, to)
	}
	return outcomes, routes, kept
}

// checkedRoute returns the route of a dead letter in the queue with a construct path and
// an ARN, and an error if its destination can never handle it.
func (r *Redriver) checkedRoute(ctx context.Context, path, arn string, m deadletter.Message) (route, error) {
	to, err := r.route(ctx, arn, m)
	if err != nil || r.Check == nil || to.payload == "" {
		return to, err
	}
	if err := r.Check(path, []byte(to.payload)); err != nil {
		return to, fmt.Errorf("%w: %w", ErrNeverHandled, err)
	}
	return to, nil
}

// move sends a dead letter, and deletes it then.
func move(ctx context.Context, queue deadletter.Queue, to route, m deadletter.Message) error {
	if err := to.send(ctx); err != nil {
		return err
	}
	if err := queue.Remove(ctx, m); err != nil {
		return fmt.Errorf("sent to %s, but it is still here: %w", to.destination, err)
	}
	return nil
}

// Deliver delivers an event to a rule's target as the rule would. The event is in the
// dead letter that deadletter.OfRule returns for it, which is in no queue and whose id
// is the message's de-duplication id. The rule must match the event.
func (r *Redriver) Deliver(ctx context.Context, m deadletter.Message, dryRun bool) Outcome {
	u, err := r.readUndelivered(m)
	if err != nil {
		return Outcome{Message: m, Err: err}
	}
	to, err := r.routeToTarget(ctx, u)
	return send(ctx, m, to, err, dryRun)
}

// send sends a dead letter on its route, if there is one.
func send(ctx context.Context, m deadletter.Message, to route, err error, dryRun bool) Outcome {
	outcome := Outcome{Message: m, To: to.destination, Err: err}
	if err == nil && !dryRun {
		outcome.Err = to.send(ctx)
	}
	return outcome
}

func (r *Redriver) arnOf(ctx context.Context, queue deadletter.Queue) (string, error) {
	out, err := r.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &queue.URL, AttributeNames: []queueAttribute{queueARN},
	})
	if err != nil {
		return "", fmt.Errorf("get the ARN of %s: %w", queue.Name, err)
	}
	return out.Attributes[string(queueARN)], nil
}
