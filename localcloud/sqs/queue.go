// Package sqs is the local cloud's SQS: standard and FIFO queues in memory, with
// visibility timeouts, de-duplication, message groups, dead-letter queues and redrive.
package sqs

import (
	"cmp"
	"errors"
	"fmt"
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
	maximumWait       = 20 * time.Second
	maximumDelay      = 15 * time.Minute
)

// Queue is one queue's configuration. A zero Retention is AWS's default of four days, a
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

func (q *Queue) validate() error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	refuse(q.Name == "" || len(q.Name) > 80, "the name must have 1 to 80 characters")
	refuse(q.ARN == "", "the ARN is missing")
	refuse(urlKey(q.URL) == "", "the URL %q does not end in an account and a name", q.URL)
	refuse(q.FIFO != strings.HasSuffix(q.Name, ".fifo"), "a FIFO queue's name ends in .fifo, and no other's does")
	refuse(q.VisibilityTimeout < 0 || q.VisibilityTimeout > maximumVisibility, "VisibilityTimeout must be 0 to 12 hours")
	refuse(q.Delay < 0 || q.Delay > maximumDelay, "DelaySeconds must be 0 to 15 minutes")
	refuse(q.Retention < time.Minute || q.Retention > 14*24*time.Hour, "MessageRetentionPeriod must be 1 minute to 14 days")
	refuse(q.ReceiveWait < 0 || q.ReceiveWait > maximumWait, "ReceiveMessageWaitTimeSeconds must be 0 to 20 seconds")
	refuse(q.MaximumMessageSize < 1024 || q.MaximumMessageSize > maximumSize, "MaximumMessageSize must be 1 KiB to 1 MiB")
	scope, limit := q.DeduplicationScope, q.FifoThroughputLimit
	refuse(!q.FIFO && (q.ContentBasedDeduplication || scope != "" || limit != ""),
		"ContentBasedDeduplication, DeduplicationScope and FifoThroughputLimit are for FIFO queues only")
	refuse(q.FIFO && scope != ScopeQueue && scope != ScopeMessageGroup,
		"DeduplicationScope %q is neither %s nor %s", scope, ScopeQueue, ScopeMessageGroup)
	refuse(q.FIFO && limit != LimitPerQueue && limit != LimitPerMessageGroup,
		"FifoThroughputLimit %q is neither %s nor %s", limit, LimitPerQueue, LimitPerMessageGroup)
	refuse(q.FIFO && limit == LimitPerMessageGroup && scope != ScopeMessageGroup,
		"FifoThroughputLimit perMessageGroupId needs DeduplicationScope messageGroup")
	return errors.Join(problems...)
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
