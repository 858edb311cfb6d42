package boundedcontext

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/resource"
)

// The largest batch of a queue without a batching window and with one, and the
// longest window
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
const (
	largestBatch         = 10
	largestBatchInWindow = 10_000
	longestWindow        = 5 * time.Minute
)

// Queue delivers through a standard queue.
type Queue struct {
	// BatchSize is how many messages a batch has at most: from 1 to 10, and with a
	// BatchWindow up to 10,000.
	BatchSize int
	// BatchWindow is how long a batch waits to be filled after its first message,
	// in whole seconds up to 5 minutes. It saves invocations and whatever a worker
	// does once for a batch, and delays every event. While few events arrive, Lambda
	// may wait up to 20 seconds even if the window is shorter
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	// By default a batch does not wait.
	BatchWindow time.Duration
	// Immediate are the types of consumed events that must not wait for the
	// BatchWindow. They are delivered through a second queue, which has no window,
	// the same worker and the same dead-letter queue. By default there is none.
	Immediate []string
	// MaxReceiveCount is how often the worker receives a message that it cannot
	// handle before SQS moves the message to the dead-letter queue, from 1 to
	// 1,000. AWS advises at least 5, because a batch that is throttled counts too
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	MaxReceiveCount int
	// MaximumConcurrency is how many batches of each queue are handled at once, from
	// 2 to 1,000. Zero leaves it to Lambda.
	MaximumConcurrency int
}

func (q Queue) validate(_ constructs.Construct, consumes resource.Events) error {
	largest := largestBatch
	if q.BatchWindow > 0 {
		largest = largestBatchInWindow
	}
	problems := []error{validateQueue(q.BatchSize, largest, q.MaxReceiveCount, q.MaximumConcurrency)}
	if q.BatchWindow < 0 || q.BatchWindow > longestWindow || q.BatchWindow%time.Second != 0 {
		problems = append(problems, fmt.Errorf("a BatchWindow of %s is not a number of whole seconds up to %s", q.BatchWindow, longestWindow))
	}
	return errors.Join(append(problems, q.validateImmediate(consumes)...)...)
}

func (q Queue) validateImmediate(consumes resource.Events) []error {
	if len(q.Immediate) == 0 {
		return nil
	}
	var problems []error
	if q.BatchWindow == 0 {
		problems = append(problems, errors.New("there are Immediate events, but no BatchWindow that they could wait for"))
	}
	consumed := slices.Concat(slices.Collect(maps.Values(consumes))...)
	for i, eventType := range q.Immediate {
		if !slices.Contains(consumed, eventType) {
			problems = append(problems, fmt.Errorf("in Immediate: %q is not in Consumes", eventType))
		}
		if slices.Contains(q.Immediate[:i], eventType) {
			problems = append(problems, fmt.Errorf("in Immediate: %q is twice", eventType))
		}
	}
	// The ids of rules begin with Consume, and with ConsumeImmediately for Immediate
	// events, and end with the source.
	for _, source := range consumes.Sources() {
		if strings.HasPrefix(strings.ToLower(source), "immediately") {
			problems = append(problems, fmt.Errorf("the source %q would be a construct id that rules for Immediate events have", source))
		}
	}
	if _, waiting := q.split(consumes); len(waiting) == 0 {
		problems = append(problems, errors.New("all of Consumes is in Immediate, so no event waits for the BatchWindow"))
	}
	return problems
}

// split returns the events that must not wait for the BatchWindow, and the others.
func (q Queue) split(consumes resource.Events) (immediate, waiting resource.Events) {
	immediate, waiting = resource.Events{}, resource.Events{}
	for source, types := range consumes {
		for _, eventType := range types {
			part := waiting
			if slices.Contains(q.Immediate, eventType) {
				part = immediate
			}
			part[source] = append(part[source], eventType)
		}
	}
	return immediate, waiting
}

func (q Queue) prepare(context *BoundedContext) {
	context.DeadLetters = resource.NewDeadLetterQueue(context.scope, "DeadLetters", context.props.Key)
	context.Queue = context.newQueue("Queue", q.MaxReceiveCount, q.BatchWindow, awssqs.QueueProps{})
	if len(q.Immediate) > 0 {
		context.ImmediateQueue = context.newQueue("ImmediateQueue", q.MaxReceiveCount, 0, awssqs.QueueProps{})
	}
}

func (q Queue) connect(context *BoundedContext, worker *Published) {
	immediate, waiting := q.split(context.props.Consumes)
	context.subscribe("Consume", waiting, context.Queue, nil)
	polling := &awslambdaeventsources.SqsEventSourceProps{BatchSize: jsii.Number(q.BatchSize)}
	if q.BatchWindow > 0 {
		polling.MaxBatchingWindow = awscdk.Duration_Seconds(new(q.BatchWindow.Seconds()))
	}
	poll(worker, "QUEUE_URL", context.Queue, polling, q.MaximumConcurrency)
	if context.ImmediateQueue != nil {
		context.subscribe("ConsumeImmediately", immediate, context.ImmediateQueue, nil)
		polling := &awslambdaeventsources.SqsEventSourceProps{BatchSize: jsii.Number(min(q.BatchSize, largestBatch))}
		poll(worker, "IMMEDIATE_QUEUE_URL", context.ImmediateQueue, polling, q.MaximumConcurrency)
	}
}

// FIFOQueue delivers through a FIFO queue that de-duplicates by content. A message
// is the event's detail. So an event that is published again within five minutes
// is dropped, although its envelope differs. Lambda has no batching window for it.
type FIFOQueue struct {
	// BatchSize is how many messages a batch has at most, from 1 to 10.
	BatchSize int
	// MaxReceiveCount and MaximumConcurrency are those of a [Queue].
	MaxReceiveCount    int
	MaximumConcurrency int
	// GroupBy is the path to an event's message group, such as "$.detail.subject":
	// names with dots between them. Messages of one group are never in two batches
	// at once.
	GroupBy string
}

func (q FIFOQueue) validate(constructs.Construct, resource.Events) error {
	return errors.Join(validateQueue(q.BatchSize, largestBatch, q.MaxReceiveCount, q.MaximumConcurrency), checkGroupBy(q.GroupBy))
}

func (q FIFOQueue) prepare(context *BoundedContext) {
	context.DeadLetters = resource.NewFIFODeadLetterQueue(context.scope, "DeadLetters", context.props.Key)
	context.Queue = context.newQueue("Queue", q.MaxReceiveCount, 0, awssqs.QueueProps{
		Fifo:                      new(true),
		ContentBasedDeduplication: new(true),
		DeduplicationScope:        awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit:       awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
	})
}

func (q FIFOQueue) connect(context *BoundedContext, worker *Published) {
	context.subscribe("Consume", context.props.Consumes, context.Queue, &q.GroupBy)
	polling := &awslambdaeventsources.SqsEventSourceProps{BatchSize: jsii.Number(q.BatchSize)}
	poll(worker, "QUEUE_URL", context.Queue, polling, q.MaximumConcurrency)
}

// newQueue makes a queue that moves what cannot be handled to the context's
// dead-letter queue, and its alarm.
func (c *BoundedContext) newQueue(id string, maxReceiveCount int, window time.Duration, props awssqs.QueueProps) awssqs.IQueue {
	// Lambda repeats a batch that was throttled. Its messages must stay hidden
	// meanwhile: AWS advises six times the function's timeout, plus the window.
	hidden := 6*c.props.Worker.Timeout + window
	props.VisibilityTimeout = awscdk.Duration_Seconds(new(hidden.Seconds()))
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(14))
	props.DeadLetterQueue = &awssqs.DeadLetterQueue{Queue: c.DeadLetters, MaxReceiveCount: jsii.Number(maxReceiveCount)}
	queue := resource.NewQueue(c.scope, id, c.props.Key, props)
	newQueueAlarm(queue, maxReceiveCount, window)
	return queue
}

// subscribe makes the rules that send events to a queue.
func (c *BoundedContext) subscribe(prefix string, events resource.Events, queue awssqs.IQueue, groupBy *string) {
	target := awseventstargets.NewSqsQueue(queue, &awseventstargets.SqsQueueProps{
		Message:         detail(),
		MessageGroupId:  groupBy,
		DeadLetterQueue: c.Undelivered,
	})
	c.Rules = append(c.Rules, resource.Subscribe(c.scope, prefix, c.props.Bus, events, target)...)
}

// poll makes Lambda invoke the worker with batches of a queue. The worker has the
// queue's URL in a variable.
func poll(worker *Published, variable string, queue awssqs.IQueue, props *awslambdaeventsources.SqsEventSourceProps, maximumConcurrency int) {
	props.ReportBatchItemFailures = new(true)
	if maximumConcurrency > 0 {
		props.MaxConcurrency = jsii.Number(maximumConcurrency)
	}
	worker.Function.AddEnvironment(&variable, queue.QueueUrl(), nil)
	worker.Live.AddEventSource(awslambdaeventsources.NewSqsEventSource(queue, props))
}
