package resource

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// IsDeadLetterQueue reports whether a construct path is that of a dead-letter
// queue. Each has the id DeadLetters (of a queue, a function or a schedule) or
// Undelivered (of rules).
func IsDeadLetterQueue(path string) bool {
	return strings.HasSuffix(path, "/DeadLetters") || strings.HasSuffix(path, "/Undelivered")
}

// notEmpty is the id of the alarm of a dead-letter queue.
const notEmpty = "NotEmpty"

// NotEmptyAlarm returns the alarm of a dead-letter queue that was made here, or nil if
// the queue is not monitored (see [DisableMonitoring]). Another queue panics.
func NotEmptyAlarm(queue awssqs.IQueue) awscloudwatch.Alarm {
	if !IsMonitored(queue) {
		return nil
	}
	alarm, isAlarm := queue.Node().FindChild(new(notEmpty)).(awscloudwatch.Alarm)
	if !isAlarm {
		panic(fmt.Sprintf("queue %s has no alarm %s", *queue.Node().Path(), notEmpty))
	}
	return alarm
}

// NewDeadLetterQueue makes a dead-letter queue that keeps messages for 14 days,
// the longest that SQS can, and an alarm that is raised while it has any. It is
// encrypted as a [NewQueue] is.
func NewDeadLetterQueue(scope constructs.Construct, id string, key awskms.IKey) awssqs.Queue {
	return newDeadLetterQueue(scope, id, key, awssqs.QueueProps{})
}

// NewFIFODeadLetterQueue makes the dead-letter queue of a FIFO queue: SQS accepts
// no other kind.
func NewFIFODeadLetterQueue(scope constructs.Construct, id string, key awskms.IKey) awssqs.Queue {
	return newDeadLetterQueue(scope, id, key, awssqs.QueueProps{
		Fifo:                      new(true),
		ContentBasedDeduplication: new(true),
		DeduplicationScope:        awssqs.DeduplicationScope_MESSAGE_GROUP,
		FifoThroughputLimit:       awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID,
	})
}

func newDeadLetterQueue(scope constructs.Construct, id string, key awskms.IKey, props awssqs.QueueProps) awssqs.Queue {
	if err := CheckIDs(scope, id); err != nil {
		panic(fmt.Sprintf("dead-letter queue %s: %v", id, err))
	}
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(14))
	queue := NewQueue(scope, id, key, props)
	cdknag.NagSuppressions_AddResourceSuppressions(queue, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-SQS3"),
		Reason: new("This is a dead-letter queue itself."),
	}}, nil)
	NewAlarm(queue, notEmpty, AlarmProps{
		Metric: queue.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Statistic: new("Maximum")}),
		Advice: "Messages are in the dead-letter queue " + *queue.Node().Path() +
			". Each has the reason why it is there. Repair the cause, then redrive them.",
		Runbook: "dead-letters.md",
	})
	return queue
}
