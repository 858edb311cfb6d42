// Package redrive sends dead letters back to where they were going. A letter is
// removed only after it was sent, so a letter may come twice but is never lost:
// every handler of the saga knows what it has handled.
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

	"example.com/saga/operator/letter"
	"example.com/saga/operator/rule"
)

// Queues is the part of the SQS client that a Redriver uses.
type Queues interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	letter.Describer
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

// Redriver knows the ways back. It needs, besides what a letter.Queue does, the
// permissions sqs:SendMessage, sqs:GetQueueUrl and sqs:GetQueueAttributes,
// events:PutEvents and events:TestEventPattern, lambda:InvokeFunction and
// lambda:GetFunctionConfiguration.
//
// Its user has more rights than who writes a letter, which can be a worker with
// any content and any attributes. So the ways are those of the stack, and a
// letter only chooses among those that end in its queue.
type Redriver struct {
	Queues    Queues
	Buses     Buses
	Functions Functions
	// Sources are the queues that have a dead-letter queue.
	Sources letter.Sources
	// Owners are the functions that have a dead-letter queue, by its ARN.
	Owners map[string][]string
	// Rules are those of the stack, as they are now.
	Rules []rule.Rule
}

// FindOwners asks functions for the dead-letter queues of their asynchronous
// invocations, and gives the functions' names by the queues' ARNs.
func FindOwners(ctx context.Context, client Functions, names map[string]string) (map[string][]string, error) {
	owners := make(map[string][]string)
	for _, path := range slices.Sorted(maps.Keys(names)) {
		name := names[path]
		out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return nil, fmt.Errorf("ask for the dead-letter queue of %s: %w", path, err)
		}
		if out.DeadLetterConfig != nil {
			queue := aws.ToString(out.DeadLetterConfig.TargetArn)
			owners[queue] = append(owners[queue], name)
		}
	}
	return owners, nil
}

// Options says which letters are redriven.
type Options struct {
	// ID names the one letter; empty means all.
	ID string
	// Most is how many letters at most, letter.Maximum if it is zero.
	Most int
	// DryRun only tells what would be done.
	DryRun bool
}

// Outcome is what became of a letter. One with an error is still in the queue.
type Outcome struct {
	Letter letter.Letter
	// To is where it was sent, or would be.
	To  string
	Err error
}

// ErrNoLetter means that the queue does not have the letter that was asked for.
var ErrNoLetter = errors.New("there is no such letter")

// Redrive sends letters back, each on its own, and gives what became of each. All
// letters are taken out before the first is sent, so that one which fails
// again and comes back is not sent twice.
func (r *Redriver) Redrive(ctx context.Context, queue letter.Queue, o Options) (outcomes []Outcome, err error) {
	arn, err := r.arnOf(ctx, queue)
	if err != nil {
		return nil, err
	}
	most := letter.Maximum
	if o.Most > 0 && o.ID == "" {
		most = o.Most
	}
	letters, err := queue.Take(ctx, most)
	if err != nil {
		return nil, err
	}
	var kept []letter.Letter
	defer func() { err = errors.Join(err, queue.PutBack(ctx, kept)) }()
	for _, l := range letters {
		if (o.ID != "" && l.ID != o.ID) || ctx.Err() != nil {
			kept = append(kept, l)
			continue
		}
		outcome := r.one(ctx, queue, arn, l, o.DryRun)
		outcomes = append(outcomes, outcome)
		if outcome.Err != nil || o.DryRun {
			kept = append(kept, l)
		}
	}
	if o.ID != "" && len(outcomes) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("%w %s in %s", ErrNoLetter, o.ID, queue.Name)
	}
	return outcomes, ctx.Err()
}

// one sends one letter back, and removes it then.
func (r *Redriver) one(ctx context.Context, queue letter.Queue, arn string, l letter.Letter, dryRun bool) Outcome {
	way, err := r.way(ctx, arn, l)
	outcome := follow(ctx, l, way, err, dryRun)
	if outcome.Err != nil || dryRun {
		return outcome
	}
	if err := queue.Remove(ctx, l); err != nil {
		outcome.Err = fmt.Errorf("sent to %s, but it is still here: %w", outcome.To, err)
	}
	return outcome
}

// Deliver gives an event to a rule's target as the rule would, by the letter
// that the rule would have written if it could not. The letter's id is the
// message's de-duplication id. It is for a letter that was in no queue, of an
// event that the rule is known to match.
func (r *Redriver) Deliver(ctx context.Context, l letter.Letter, dryRun bool) Outcome {
	u, err := r.readUndelivered(l)
	if err != nil {
		return Outcome{Letter: l, Err: err}
	}
	way, err := r.wayToTarget(ctx, u)
	return follow(ctx, l, way, err, dryRun)
}

// follow sends a letter on its way, if there is one.
func follow(ctx context.Context, l letter.Letter, way way, err error, dryRun bool) Outcome {
	outcome := Outcome{Letter: l, To: way.to, Err: err}
	if err == nil && !dryRun {
		outcome.Err = way.send(ctx)
	}
	return outcome
}

func (r *Redriver) arnOf(ctx context.Context, queue letter.Queue) (string, error) {
	out, err := r.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &queue.URL, AttributeNames: []queueAttribute{queueARN},
	})
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", queue.Name, err)
	}
	return out.Attributes[string(queueARN)], nil
}
