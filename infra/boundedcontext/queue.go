package boundedcontext

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/resource"
)

// Queue delivers through a standard queue.
type Queue struct {
	// BatchSize is how many messages a batch has at most, from 1 to 10.
	BatchSize int
	// MaxReceiveCount is how often the worker receives a message that it cannot
	// handle before SQS moves the message to the dead-letter queue, from 1 to
	// 1,000. AWS advises at least 5, because a batch that is throttled counts too
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	MaxReceiveCount int
	// MaximumConcurrency is how many batches are handled at once, from 2 to 1,000.
	// Zero leaves it to Lambda.
	MaximumConcurrency int
}

func (q Queue) validate() error {
	return validateQueue(q.BatchSize, q.MaxReceiveCount, q.MaximumConcurrency)
}

func (q Queue) prepare(context *BoundedContext) {
	context.addQueue(resource.NewDeadLetterQueue(context.scope, "DeadLetters"), q.MaxReceiveCount, awssqs.QueueProps{})
}

func (q Queue) connect(context *BoundedContext, worker awslambda.Function) {
	context.subscribeQueue(nil)
	context.poll(worker, q.BatchSize, q.MaximumConcurrency)
}

// FIFOQueue delivers through a FIFO queue that de-duplicates by content. A message
// is the event's detail. So an event that is published again within five minutes
// is dropped, although its envelope differs.
type FIFOQueue struct {
	// BatchSize, MaxReceiveCount and MaximumConcurrency are those of a [Queue].
	BatchSize          int
	MaxReceiveCount    int
	MaximumConcurrency int
	// GroupBy is the path to an event's message group, such as
	// "$.detail.subject". Messages of one group are never in two batches at once.
	GroupBy string
}

func (q FIFOQueue) validate() error {
	var problem error
	if !strings.HasPrefix(q.GroupBy, "$.") {
		problem = fmt.Errorf("the GroupBy %q is not a path into the event", q.GroupBy)
	}
	return errors.Join(validateQueue(q.BatchSize, q.MaxReceiveCount, q.MaximumConcurrency), problem)
}

func (q FIFOQueue) prepare(context *BoundedContext) {
	context.addQueue(resource.NewFIFODeadLetterQueue(context.scope, "DeadLetters"), q.MaxReceiveCount, awssqs.QueueProps{
		Fifo:                      new(true),
		ContentBasedDeduplication: new(true),
		DeduplicationScope:        awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit:       awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
	})
}

func (q FIFOQueue) connect(context *BoundedContext, worker awslambda.Function) {
	context.subscribeQueue(&q.GroupBy)
	context.poll(worker, q.BatchSize, q.MaximumConcurrency)
}

func (c *BoundedContext) addQueue(deadLetters awssqs.IQueue, maxReceiveCount int, props awssqs.QueueProps) {
	// Lambda repeats a batch that was throttled. Its messages must stay hidden
	// meanwhile: AWS advises six times the function's timeout.
	props.VisibilityTimeout = awscdk.Duration_Seconds(new(6 * c.props.Worker.Timeout.Seconds()))
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(14))
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = new(true)
	props.DeadLetterQueue = &awssqs.DeadLetterQueue{Queue: deadLetters, MaxReceiveCount: jsii.Number(maxReceiveCount)}
	queue := awssqs.NewQueue(c.scope, new("Queue"), &props)
	newQueueAlarm(queue, maxReceiveCount)
	c.Queue, c.DeadLetters = queue, deadLetters
}

func (c *BoundedContext) subscribeQueue(groupBy *string) {
	target := awseventstargets.NewSqsQueue(c.Queue, &awseventstargets.SqsQueueProps{
		Message:         detail(),
		MessageGroupId:  groupBy,
		DeadLetterQueue: c.Undelivered,
	})
	c.Rules = resource.Subscribe(c.scope, "Consume", c.props.Bus, c.props.Consumes, target)
}

func (c *BoundedContext) poll(worker awslambda.Function, batchSize, maximumConcurrency int) {
	props := &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               jsii.Number(batchSize),
		ReportBatchItemFailures: new(true),
	}
	if maximumConcurrency > 0 {
		props.MaxConcurrency = jsii.Number(maximumConcurrency)
	}
	worker.AddEnvironment(new("QUEUE_URL"), c.Queue.QueueUrl(), nil)
	worker.AddEventSource(awslambdaeventsources.NewSqsEventSource(c.Queue, props))
}
