// Package lambda is the local cloud's Lambda: it runs the real binaries behind
// the Lambda Runtime API and invokes them synchronously, asynchronously, for the
// messages of SQS queues and for HTTP requests to a function URL.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
)

// The limits and defaults of AWS.
const (
	maximumPayload      = 6 << 20
	maximumAsyncPayload = 1 << 20
	maximumTimeout      = 15 * time.Minute
	defaultEventAge     = 6 * time.Hour
	initTimeout         = 10 * time.Second
)

// Function is one function's configuration.
type Function struct {
	Name, ARN string
	// Bootstrap is the path of the executable. Its folder is the working
	// directory of the process.
	Bootstrap string
	// Environment are the function's variables, and the credentials of its
	// role: a process sees nothing of the local cloud's own environment.
	Environment map[string]string
	Timeout     time.Duration
	MemoryMB    int
	// Concurrency is how many invocations may run at once: each in a process
	// of its own.
	Concurrency int
	// DeadLetterARN is the queue for events whose asynchronous invocation
	// has failed for good; empty for none.
	DeadLetterARN        string
	MaximumRetryAttempts int
	// MaximumEventAge is how long an asynchronous event may wait; 0 is AWS's
	// default of six hours.
	MaximumEventAge time.Duration
	LogGroup        string
	Handler         string
	// ActiveTracing samples what nobody has decided on, and gives the function
	// an X-Ray daemon.
	ActiveTracing bool
}

// EventSource maps a queue to a function.
type EventSource struct {
	QueueARN, FunctionARN string
	// BatchSize is at most how many messages one invocation gets.
	BatchSize int
	// BatchingWindow is how long a batch of a standard queue may wait to be filled.
	BatchingWindow time.Duration
	// MaximumConcurrency limits the invocations at once; 0 leaves that to
	// the function's own concurrency.
	MaximumConcurrency      int
	ReportBatchItemFailures bool
}

// MappingStats counts what an event source mapping has done.
type MappingStats struct {
	QueueARN, FunctionARN string
	// Invocations are the batches the function was invoked with, Records
	// the messages in them, Failed the messages that were not deleted.
	Invocations, Records, Failed int
	LargestBatch                 int
}

// Result is the answer of a function. FunctionError is empty, or Unhandled: then
// Payload describes the error.
type Result struct {
	RequestID     string
	Payload       []byte
	FunctionError string
}

// Queues is where event source mappings read.
type Queues interface {
	URL(arn string) (string, bool)
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error)
}

// DeadLetters is where events go whose asynchronous invocation has failed.
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
	// Log takes every line that a function writes, with the name of the log
	// stream of its process; nil drops them.
	Log func(function, stream, line string)
	// Logger takes what goes wrong where no caller is left to be told.
	Logger *slog.Logger
	// Lost takes the asynchronous events that nothing took.
	Lost        loss.Report
	Queues      Queues
	DeadLetters DeadLetters
	// AsyncRetryDelays are the waits before the retries of an asynchronous
	// invocation that failed; the last one repeats. None means AWS's: one
	// minute, then two.
	AsyncRetryDelays []time.Duration
	// RedeliverAfter bounds how long what has failed waits for its next attempt:
	// an asynchronous event, or a message, for which Hasten is called then. 0
	// leaves the waits as they are.
	RedeliverAfter time.Duration
	// Hasten lets a received message become visible within that time at the latest.
	Hasten func(queueURL, receiptHandle string, within time.Duration)
	// DaemonAddress is where the X-Ray daemon listens; empty is nowhere.
	DaemonAddress string
	// Grace is how long a process may take to end after SIGTERM.
	Grace time.Duration
}

func (c *Config) fill() {
	if c.Log == nil {
		c.Log = func(string, string, string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if len(c.AsyncRetryDelays) == 0 {
		c.AsyncRetryDelays = []time.Duration{time.Minute, 2 * time.Minute}
	}
	if c.RedeliverAfter > 0 {
		delays := make([]time.Duration, len(c.AsyncRetryDelays))
		for i, delay := range c.AsyncRetryDelays {
			delays[i] = min(delay, c.RedeliverAfter)
		}
		c.AsyncRetryDelays = delays
	}
	if c.Grace == 0 {
		c.Grace = 2 * time.Second
	}
}

func (f *Function) fill() error {
	bootstrap, err := filepath.Abs(f.Bootstrap)
	if err != nil {
		return fmt.Errorf("find the executable: %w", err)
	}
	f.Bootstrap = bootstrap
	if f.MaximumEventAge == 0 {
		f.MaximumEventAge = defaultEventAge
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + f.Name
	}
	return nil
}

func (f *Function) validate() error {
	var problems []error
	refuse := func(bad bool, reason string) {
		if bad {
			problems = append(problems, errors.New(reason))
		}
	}
	refuse(f.Name == "", "the name is missing")
	refuse(f.ARN == "", "the ARN is missing")
	refuse(f.Timeout < time.Millisecond || f.Timeout > maximumTimeout, "the timeout must be more than 0 and at most 15 minutes")
	refuse(f.MemoryMB < 128 || f.MemoryMB > 10240, "the memory must be 128 to 10240 MB")
	refuse(f.Concurrency < 1, "the concurrency must be at least 1")
	refuse(f.MaximumRetryAttempts < 0 || f.MaximumRetryAttempts > 2, "MaximumRetryAttempts must be 0 to 2")
	refuse(f.MaximumEventAge < time.Minute || f.MaximumEventAge > defaultEventAge, "MaximumEventAge must be 1 minute to 6 hours")
	info, err := os.Stat(f.Bootstrap)
	switch {
	case err != nil:
		problems = append(problems, err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		problems = append(problems, fmt.Errorf("%s is not an executable file", f.Bootstrap))
	}
	return errors.Join(problems...)
}
