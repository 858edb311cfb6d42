// Package deadletter makes the queues in which undeliverable events wait for a
// person, each with an alarm that calls one.
package deadletter

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/alarm"
)

// Is tells whether the construct path is that of a dead-letter queue. Each is
// called DeadLetters (of a queue, a function or a schedule) or Undelivered (of
// rules).
func Is(path string) bool {
	return strings.HasSuffix(path, "/DeadLetters") || strings.HasSuffix(path, "/Undelivered")
}

// NewQueue makes a dead-letter queue that keeps messages as long as SQS can.
func NewQueue(scope constructs.Construct, id string) awssqs.Queue {
	return newQueue(scope, id, awssqs.QueueProps{})
}

// NewFIFOQueue makes a dead-letter queue for a FIFO queue: SQS accepts no
// other kind.
func NewFIFOQueue(scope constructs.Construct, id string) awssqs.Queue {
	return newQueue(scope, id, awssqs.QueueProps{
		Fifo:                      new(true),
		ContentBasedDeduplication: new(true),
		DeduplicationScope:        awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit:       awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
	})
}

func newQueue(scope constructs.Construct, id string, props awssqs.QueueProps) awssqs.Queue {
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(14))
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = new(true)
	queue := awssqs.NewQueue(scope, &id, &props)
	cdknag.NagSuppressions_AddResourceSuppressions(queue, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-SQS3"),
		Reason: new("This is a dead-letter queue itself: messages end here and wait for a person."),
	}}, nil)
	alarm.New(queue, "NotEmpty", alarm.Props{
		Metric: queue.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Statistic: new("Maximum")}),
		Advice: "Messages wait in the dead-letter queue " + *queue.Node().Path() +
			". Look at them: each says why it is there. Repair the cause, then send them back to where they were going.",
		Runbook: "dead-letters.md",
	})
	return queue
}
