package assembly

import (
	"cmp"
	"strings"
)

// Queue is an AWS::SQS::Queue. A nil number means SQS's default.
type Queue struct {
	QueueName                     string        `cfn:"QueueName"`
	FIFO                          bool          `cfn:"FifoQueue"`
	ContentBasedDeduplication     bool          `cfn:"ContentBasedDeduplication"`
	DeduplicationScope            string        `cfn:"DeduplicationScope"`
	FIFOThroughputLimit           string        `cfn:"FifoThroughputLimit"`
	DelaySeconds                  *int          `cfn:"DelaySeconds"`
	MaximumMessageSize            *int          `cfn:"MaximumMessageSize"`
	MessageRetentionPeriod        *int          `cfn:"MessageRetentionPeriod"`
	ReceiveMessageWaitTimeSeconds *int          `cfn:"ReceiveMessageWaitTimeSeconds"`
	VisibilityTimeout             *int          `cfn:"VisibilityTimeout"`
	RedrivePolicy                 RedrivePolicy `cfn:"RedrivePolicy"`
	RedriveAllowPolicy            RedriveAllow  `cfn:"RedriveAllowPolicy"`
	_                             Harmless      `cfn:"KmsMasterKeyId KmsDataKeyReusePeriodSeconds SqsManagedSseEnabled" why:"nothing is stored, so nothing is encrypted"`
	Tags                          Harmless      `cfn:"Tags" why:"nothing bills or selects by tag"`
}

// RedrivePolicy is when a message is moved to the dead-letter queue, and to
// which.
type RedrivePolicy struct {
	DeadLetterTargetARN string `cfn:"deadLetterTargetArn,required"`
	MaxReceiveCount     int    `cfn:"maxReceiveCount,required"`
}

// RedriveAllow is which queues may have this one as their dead-letter queue: all of them
// by default.
type RedriveAllow struct {
	Permission string   `cfn:"redrivePermission" values:"allowAll,denyAll,byQueue"`
	SourceARNs []string `cfn:"sourceQueueArns"`
}

func (q *Queue) identify(at location) identity {
	var suffix string
	if q.FIFO {
		suffix = ".fifo"
	}
	name := cmp.Or(q.QueueName, at.physicalName("", 80-len(suffix))+suffix)
	arn, url := at.arn("sqs", name), at.options.QueueURL(name)
	made := identity{name: name, ref: url, arn: arn, attributes: map[string]string{"Arn": arn, "QueueName": name, "QueueUrl": url}}
	made.when(q.FIFO != strings.HasSuffix(name, ".fifo"), "property QueueName: %s must end with .fifo on a FIFO queue, and on no other", name)
	made.when(!q.FIFO && q.ContentBasedDeduplication, "property ContentBasedDeduplication is for FIFO queues only")
	made.when(!q.FIFO && q.DeduplicationScope != "", "property DeduplicationScope is for FIFO queues only")
	made.when(!q.FIFO && q.FIFOThroughputLimit != "", "property FifoThroughputLimit is for FIFO queues only")
	made.when(q.FIFO && q.FIFOThroughputLimit == "perMessageGroupId" && q.DeduplicationScope != "messageGroup",
		"property FifoThroughputLimit perMessageGroupId needs DeduplicationScope messageGroup")
	made.add(at.inAccount("RedrivePolicy.deadLetterTargetArn", q.RedrivePolicy.DeadLetterTargetARN, "sqs"))
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
	made.when((q.RedriveAllowPolicy.Permission == "byQueue") != (len(q.RedriveAllowPolicy.SourceARNs) > 0),
		"property RedriveAllowPolicy.sourceQueueArns goes with the redrivePermission byQueue, and with no other")
	return made
}

// QueuePolicy is an AWS::SQS::QueuePolicy.
type QueuePolicy struct {
	unnamed

	PolicyDocument any `cfn:"PolicyDocument,required"`
	// Queues are the queues' URLs.
	Queues []string `cfn:"Queues,required"`
}

// QueueInlinePolicy is an AWS::SQS::QueueInlinePolicy: the policy of one queue.
type QueueInlinePolicy struct {
	PolicyDocument any `cfn:"PolicyDocument,required"`
	// Queue is the queue's URL.
	Queue string `cfn:"Queue,required"`
}

func (p *QueueInlinePolicy) identify(location) identity {
	return identity{name: p.Queue, ref: p.Queue}
}
