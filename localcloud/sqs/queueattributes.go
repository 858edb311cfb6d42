package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// GetQueueAttributesInput is a request for attributes of a queue by name, or
// for All.
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
	q, err := s.open(ctx, "GetQueueAttributes", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	for _, name := range in.AttributeNames {
		if !slices.Contains(attributeNames(), name) {
			return nil, fail("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := q.attributes(q.counts(s.config.Clock()))
	if err != nil {
		return nil, err
	}
	return &GetQueueAttributesOutput{Attributes: selected(all, in.AttributeNames,
		func(pattern, name string) bool { return pattern == "All" || pattern == name })}, nil
}

func attributeNames() []string {
	return []string{
		"All", "Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "ApproximateNumberOfMessages",
		"ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
		"ApproximateNumberOfMessagesDelayed", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "FifoQueue",
		"ContentBasedDeduplication", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "DeduplicationScope",
		"FifoThroughputLimit", "RedriveAllowPolicy", "SqsManagedSseEnabled",
	}
}

func (q *store) attributes(counts Counts) (map[string]string, error) {
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
		policy, err := json.Marshal(struct {
			DeadLetterARN   string `json:"deadLetterTargetArn"`
			MaxReceiveCount int    `json:"maxReceiveCount"`
		}{q.Redrive.DeadLetterARN, q.Redrive.MaxReceiveCount})
		if err != nil {
			return nil, fmt.Errorf("encode the redrive policy of %s: %w", q.Name, err)
		}
		all["RedrivePolicy"] = string(policy)
	}
	return all, nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
