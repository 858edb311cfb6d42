package assembly

import (
	"fmt"
	"strings"
)

// Queue is an AWS::SQS::Queue. A nil number means SQS's default.
type Queue struct {
	QueueName                     string         `cfn:"QueueName"`
	FIFO                          bool           `cfn:"FifoQueue"`
	ContentBasedDeduplication     bool           `cfn:"ContentBasedDeduplication"`
	DeduplicationScope            string         `cfn:"DeduplicationScope"`
	FIFOThroughputLimit           string         `cfn:"FifoThroughputLimit"`
	DelaySeconds                  *int           `cfn:"DelaySeconds"`
	MaximumMessageSize            *int           `cfn:"MaximumMessageSize"`
	MessageRetentionPeriod        *int           `cfn:"MessageRetentionPeriod"`
	ReceiveMessageWaitTimeSeconds *int           `cfn:"ReceiveMessageWaitTimeSeconds"`
	VisibilityTimeout             *int           `cfn:"VisibilityTimeout"`
	RedrivePolicy                 *RedrivePolicy `cfn:"RedrivePolicy"`
	RedriveAllowPolicy            RedriveAllow   `cfn:"RedriveAllowPolicy"`
	KMSMasterKeyID                Harmless       `cfn:"KmsMasterKeyId" why:"nothing is stored, so nothing is encrypted"`
	KMSDataKeyReusePeriodSeconds  Harmless       `cfn:"KmsDataKeyReusePeriodSeconds" why:"nothing is stored, so nothing is encrypted"`
	SQSManagedSSEEnabled          Harmless       `cfn:"SqsManagedSseEnabled" why:"nothing is stored, so nothing is encrypted"`
	Tags                          Harmless       `cfn:"Tags" why:"nothing bills or selects by tag"`
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

func (q *Queue) identify(at location) (identity, error) {
	limit, suffix := 80, ""
	if q.FIFO {
		suffix = ".fifo"
	}
	name := q.QueueName
	if name == "" {
		name = at.physicalName("", limit-len(suffix)) + suffix
	}
	var err error
	if q.FIFO != strings.HasSuffix(name, ".fifo") {
		err = fmt.Errorf("the name %s must end with .fifo on a FIFO queue, and on no other", name)
	}
	arn, url := at.arn("sqs", name), at.options.QueueURL(name)
	return identity{name: name, ref: url, arn: arn, attributes: map[string]string{
		"Arn": arn, "QueueName": name, "QueueUrl": url,
	}}, err
}

// QueuePolicy is an AWS::SQS::QueuePolicy.
type QueuePolicy struct {
	PolicyDocument any `cfn:"PolicyDocument,required"`
	// Queues are the queues' URLs.
	Queues []string `cfn:"Queues,required"`
}

func (*QueuePolicy) identify(at location) (identity, error) {
	return identity{name: at.logicalID, ref: at.logicalID, attributes: map[string]string{"Id": at.logicalID}}, nil
}

// QueueInlinePolicy is an AWS::SQS::QueueInlinePolicy: the policy of one queue.
type QueueInlinePolicy struct {
	PolicyDocument any `cfn:"PolicyDocument,required"`
	// Queue is the queue's URL.
	Queue string `cfn:"Queue,required"`
}

func (p *QueueInlinePolicy) identify(location) (identity, error) {
	return identity{name: p.Queue, ref: p.Queue}, nil
}
