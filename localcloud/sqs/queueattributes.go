package sqs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// GetQueueAttributesInput is a request for attributes of a queue by name, or for All.
type GetQueueAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

// GetQueueAttributesOutput are the attributes; one that is not set is absent.
type GetQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

// GetQueueAttributes returns a queue's configuration and how many messages it has.
func (s *Service) GetQueueAttributes(ctx context.Context, in *GetQueueAttributesInput) (*GetQueueAttributesOutput, error) {
	return locked(ctx, s, "GetQueueAttributes", in.QueueUrl, func(q *store, now time.Time) (*GetQueueAttributesOutput, error) {
		if err := checkNames(in.AttributeNames, attributeNames()); err != nil {
			return nil, err
		}
		return &GetQueueAttributesOutput{selected(q.attributes(q.counts(now)), in.AttributeNames, isNamed)}, nil
	})
}

// checkNames refuses the name of an attribute that is not known.
func checkNames(names, known []string) error {
	for _, name := range names {
		if name != "All" && !slices.Contains(known, name) {
			return fail("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return nil
}

func attributeNames() []string {
	return []string{
		"Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "ApproximateNumberOfMessages",
		"ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
		"ApproximateNumberOfMessagesDelayed", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "FifoQueue",
		"ContentBasedDeduplication", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "DeduplicationScope",
		"FifoThroughputLimit", "RedriveAllowPolicy", "SqsManagedSseEnabled",
	}
}

func (q *store) attributes(counts Counts) map[string]string {
	created := strconv.FormatInt(q.created.Unix(), 10)
	all := map[string]string{
		"QueueArn":                              q.ARN,
		"VisibilityTimeout":                     seconds(q.VisibilityTimeout),
		"MaximumMessageSize":                    strconv.Itoa(q.MaximumMessageSize),
		"MessageRetentionPeriod":                seconds(q.Retention),
		"DelaySeconds":                          seconds(q.Delay),
		"ReceiveMessageWaitTimeSeconds":         seconds(q.ReceiveWait),
		"CreatedTimestamp":                      created,
		"LastModifiedTimestamp":                 created,
		"ApproximateNumberOfMessages":           strconv.Itoa(counts.Visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(counts.InFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(counts.Delayed),
	}
	if q.FIFO {
		all["FifoQueue"] = "true"
		all["ContentBasedDeduplication"] = strconv.FormatBool(q.ContentBasedDeduplication)
		all["DeduplicationScope"] = q.DeduplicationScope
		all["FifoThroughputLimit"] = q.FifoThroughputLimit
	}
	if q.Redrive != nil {
		all["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.Redrive.DeadLetterARN, q.Redrive.MaxReceiveCount)
	}
	return all
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
