// Package lambda is the local cloud's Lambda: it runs the real binaries behind
// the Lambda Runtime API and invokes them synchronously, asynchronously, for the
// messages of SQS queues and for HTTP requests to a function URL.
package lambda

import (
	"cmp"
	"strings"
	"time"
)

// The limits and defaults of AWS.
const (
	maximumPayload      = 6 << 20
	maximumAsyncPayload = 1 << 20
	defaultEventAge     = 6 * time.Hour
	defaultRetries      = 2
	initTimeout         = 10 * time.Second
)

// noTimeout is the timeout of a function that is debugged.
const noTimeout = 365 * 24 * time.Hour

// Function is one function's configuration, which has to be valid.
type Function struct {
	Name, ARN string
	// Code is the path of a folder or a zip archive with the bootstrap of $LATEST, until
	// that is updated. When it changes, it is used from the next invocation on.
	Code string
	// Environment are the function's variables, and the credentials of its role. A
	// process has nothing of the local cloud's own environment.
	Environment map[string]string
	Timeout     time.Duration
	MemoryMB    int
	// Concurrency is how many invocations may run at once, of all versions together:
	// each in a process of its own.
	Concurrency int
	// DeadLetterARN is the queue for events whose last asynchronous attempt has
	// failed; empty for none.
	DeadLetterARN string
	// Retries are by the qualifier of an asynchronous invocation; $LATEST is also for
	// one without a qualifier. A qualifier that is not there has AWS's defaults.
	Retries  map[string]Retries
	LogGroup string
	Handler  string
	// Role is the ARN of the function's role.
	Role string
	// ActiveTracing samples an invocation unless its caller has decided about
	// that.
	ActiveTracing bool
	// DaemonAddress is the address of the X-Ray daemon.
	DaemonAddress string
	// Debug runs one process, without a time limit.
	Debug bool
}

// orNoTimeout returns a timeout, or that of a function that is debugged.
func (f *Function) orNoTimeout(timeout time.Duration) time.Duration {
	if f.Debug {
		return noTimeout
	}
	return timeout
}

// Retries is how an asynchronous invocation is retried, and where its record goes in the
// end. Nil and 0 are AWS's defaults.
type Retries struct {
	// MaximumAttempts does not count the first one.
	MaximumAttempts *int
	// MaximumEventAge is how long an event may wait.
	MaximumEventAge time.Duration
	// OnSuccess and OnFailure are the ARNs of what gets the record of the invocation;
	// empty for none.
	OnSuccess, OnFailure string
}

// filled returns the retries with AWS's defaults.
func (r Retries) filled() Retries {
	r.MaximumAttempts, r.MaximumEventAge = cmp.Or(r.MaximumAttempts, new(defaultRetries)), cmp.Or(r.MaximumEventAge, defaultEventAge)
	return r
}

// Result is the response of a function. If FunctionError is not empty, it is
// Unhandled, and Payload describes the error.
type Result struct {
	RequestID string
	// Version is the version that has run.
	Version       string
	Payload       []byte
	FunctionError string
	// Log is the last 4 KB of what the function has written, if that was wanted.
	Log []byte
	// output is the last line of a process that has ended.
	output string
}

// reason returns why the function has failed, with the output of a process that has
// ended: a program that ends on an error prints it last. Lines in JSON are no such text.
func (r Result) reason() string {
	reason := strings.TrimPrefix(errorMessage(r.Payload), "RequestId: "+r.RequestID+" Error: ")
	if r.output != "" && !strings.HasPrefix(r.output, "{") {
		reason += ": " + r.output
	}
	return reason
}
