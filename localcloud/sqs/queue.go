// Package sqs is the local cloud's SQS: standard and FIFO queues in memory, with
// visibility timeouts, de-duplication, message groups, dead-letter queues and redrive.
package sqs

import (
	"cmp"
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
