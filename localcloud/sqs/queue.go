// Package sqs is the local cloud's SQS: standard and FIFO queues in memory, with
// visibility timeouts, de-duplication, message groups, dead-letter queues and redrive.
package sqs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The values of Queue.DeduplicationScope and Queue.FifoThroughputLimit.
const (
	ScopeQueue           = "queue"
	ScopeMessageGroup    = "messageGroup"
	LimitPerQueue        = "perQueue"
	LimitPerMessageGroup = "perMessageGroupId"
)

const (
	maximumSize       = 1 << 20
	defaultRetention  = 4 * 24 * time.Hour
	maximumVisibility = 12 * time.Hour
	maximumDelay      = 15 * time.Minute
)

// Queue is one queue's configuration, which has to be valid. A zero Retention is AWS's default of four days, a
// zero MaximumMessageSize that of 1 MiB. VisibilityTimeout has no default here, because
// zero is a valid value: the caller has to set AWS's default of 30 seconds.
type Queue struct {
	Name, ARN, URL                  string
	FIFO, ContentBasedDeduplication bool
	// DeduplicationScope and FifoThroughputLimit are for FIFO queues.
	DeduplicationScope, FifoThroughputLimit string

	VisibilityTimeout, Delay, Retention, ReceiveWait time.Duration

	MaximumMessageSize int
	// Redrive is nil for a queue without a dead-letter queue.
	Redrive *Redrive
	// RedriveSources are the ARNs of the queues that may have this one as their
	// dead-letter queue; nil allows all.
	RedriveSources []string
}

// Redrive is the dead-letter queue for messages that were received
// MaxReceiveCount times and never deleted.
type Redrive struct {
	DeadLetterARN   string
	MaxReceiveCount int
}

// Counts is how many messages of a queue can be received, are received and not
// deleted, and are delayed.
type Counts struct {
	Visible, InFlight, Delayed int
}

// Requests counts the requests for one queue, as SQS bills them: a batch is one.
type Requests struct {
	Sends, Deletes int
	// Receives are the receives that returned messages, EmptyReceives all others,
	// those that still wait included.
	Receives, EmptyReceives int
	// Others are the requests of all other kinds.
	Others int
}

func (r *Requests) add(action string) {
	switch action {
	case "SendMessage":
		r.Sends++
	case "ReceiveMessage":
		r.EmptyReceives++
	case "DeleteMessage":
		r.Deletes++
	default:
		r.Others++
	}
}

func (q *Queue) fill() {
	q.Retention = cmp.Or(q.Retention, defaultRetention)
	q.MaximumMessageSize = cmp.Or(q.MaximumMessageSize, maximumSize)
	if q.FIFO {
		q.DeduplicationScope = cmp.Or(q.DeduplicationScope, ScopeQueue)
		q.FifoThroughputLimit = cmp.Or(q.FifoThroughputLimit, LimitPerQueue)
	}
}

// account returns the owner's account, taken from the URL.
func (q *Queue) account() string {
	elements := strings.Split(q.URL, "/")
	return elements[len(elements)-2]
}

// urlKey returns what identifies a queue in its URL: the last two elements of
// its path, because one queue may be reached under several host names.
func urlKey(url string) string {
	elements := strings.Split(url, "/")
	if len(elements) < 2 {
		return ""
	}
	account, name := elements[len(elements)-2], elements[len(elements)-1]
	if account == "" || name == "" {
		return ""
	}
	return account + "/" + name
}

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
