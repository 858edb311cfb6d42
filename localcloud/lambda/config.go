package lambda

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
)

// Queues are the queues that event source mappings read.
type Queues interface {
	URL(arn string) (string, bool)
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error)
}

// DeadLetters are the queues for events whose asynchronous invocation has
// failed.
type DeadLetters interface {
	URL(arn string) (string, bool)
	SendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error)
}

// Config is what a Service needs from outside.
type Config struct {
	Clock  func() time.Time
	Region string
	// Environment are variables for every function, such as AWS_ENDPOINT_URL.
	Environment map[string]string
	// Log is called for every line that a function writes, with the name of the
	// log stream of its process; nil drops them.
	Log func(function, stream, line string)
	// Logger logs errors that cannot be returned to a caller.
	Logger *slog.Logger
	// Lost is called for asynchronous events that failed and that no dead-letter
	// queue accepted.
	Lost loss.Report
	// Failed is called for every attempt of a function that has failed, with its ARN;
	// nil ignores them.
	Failed func(loss.Failure)
	// Debugged is called for every process of a function that is debugged, with its id,
	// once it is ready; nil ignores them.
	Debugged    func(functionARN string, pid int)
	Queues      Queues
	DeadLetters DeadLetters
	// SendRecord sends the record of an asynchronous invocation to the queue, the function
	// or the event bus with an ARN, with the permissions of the caller in ctx.
	SendRecord func(ctx context.Context, destinationARN string, record Record) error
	// AsyncRetryDelays are the waits before the retries of an asynchronous
	// invocation that failed; the last one repeats. None means AWS's: one
	// minute, then two.
	AsyncRetryDelays []time.Duration
	// RedeliverAfter bounds how long what has failed waits for its next attempt:
	// an asynchronous event, or a message, for which RedeliverSoon is called. 0
	// does not shorten the waits.
	RedeliverAfter time.Duration
	// RedeliverSoon shortens the visibility timeout of a received message to the
	// given time.
	RedeliverSoon func(queueURL, receiptHandle string, within time.Duration)
	// Seed is what the choices between the versions of an alias are drawn from. Each
	// function has a random sequence of its own.
	Seed uint64
	// Grace is how long a process may take to end after SIGTERM.
	Grace time.Duration
}

func (c *Config) fill() {
	if c.Log == nil {
		c.Log = func(string, string, string) {}
	}
	if c.Failed == nil {
		c.Failed = func(loss.Failure) {}
	}
	if c.Debugged == nil {
		c.Debugged = func(string, int) {}
	}
	if len(c.AsyncRetryDelays) == 0 {
		c.AsyncRetryDelays = []time.Duration{time.Minute, 2 * time.Minute}
	}
	c.Logger = cmp.Or(c.Logger, slog.Default())
	c.Grace = cmp.Or(c.Grace, 2*time.Second)
}
