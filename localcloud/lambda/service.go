package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// Service runs functions.
type Service struct {
	config   Config
	watchdog watchdog
	codes    codeStore

	mu        sync.Mutex
	functions map[string]*function
	mappings  []*mapping
	closed    bool

	// busy counts invocations that run and events that wait.
	busy atomic.Int64
	// background runs work until the service is closed.
	background func(work func(ctx context.Context))
	cancel     context.CancelFunc
	workers    sync.WaitGroup
	// calls are the calls of Start and Invoke under way.
	calls sync.WaitGroup
}

// New returns a Service without functions. It must be closed.
func New(config Config) *Service {
	config.fill()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{config: config, functions: map[string]*function{}, cancel: cancel}
	s.background = func(work func(context.Context)) {
		s.workers.Go(func() { work(ctx) })
	}
	return s
}

// Create adds a function. No process is started yet.
func (s *Service) Create(f Function) error {
	f.LogGroup = cmp.Or(f.LogGroup, "/aws/lambda/"+f.Name)
	loaded, err := s.codes.load(f.Code)
	if err != nil {
		return fmt.Errorf("function %s: %w", f.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[f.ARN] != nil {
		return fmt.Errorf("function %s: a function with the ARN %s exists already", f.Name, f.ARN)
	}
	s.functions[f.ARN] = newFunction(f, loaded, s)
	return nil
}

// Start starts one process of each version that is used, and returns when each
// has requested its first event. Its error has the function's name and its last
// output.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.calls.Add(1)
	defer s.calls.Done()
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range s.functions {
		for _, p := range f.used() {
			group.Go(func() error {
				if err := p.warm(ctx); err != nil {
					return fmt.Errorf("function %s does not start: %w", f.Name, err)
				}
				return nil
			})
		}
	}
	s.mu.Unlock()
	return group.Wait()
}

// Invoke invokes what an ARN leads to, a function, a version or an alias, and waits for
// its response. If the function is at its concurrency, the error is TooManyRequestsException. The failure of a
// function is not an error of Invoke but a Result with a FunctionError. Once it
// has begun, an invocation runs to its end even if ctx ends before.
func (s *Service) Invoke(ctx context.Context, arn string, payload []byte) (Result, error) {
	return s.invoke(ctx, arn, payload, false)
}

// invoke is Invoke, and returns the end of the log if it is wanted.
func (s *Service) invoke(ctx context.Context, arn string, payload []byte, wantsLog bool) (Result, error) {
	t, err := s.accept(arn, payload, maximumPayload)
	if err != nil {
		return Result{}, err
	}
	defer s.done()
	if !t.tryReserve() {
		return Result{}, throttled()
	}
	defer t.release()
	inv := t.newInvocation(ctx, payload)
	inv.wantsLog = wantsLog
	result := t.invoke(ctx, inv)
	s.report(t, inv, result, 0, 0)
	return result, nil
}

// function returns the function with an ARN, or nil.
func (s *Service) function(arn string) *function {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.functions[arn]
}

// accept returns what an ARN leads to, and counts an invocation as busy.
func (s *Service) accept(arn string, payload []byte, limit int) (target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(arn)
	switch {
	case s.closed:
		return target{}, &wire.Error{Code: "ServiceException", Message: "The service is closed.", Status: http.StatusInternalServerError}
	case err != nil:
		return target{}, err
	case len(payload) > limit:
		return target{}, &wire.Error{
			Code:    "RequestTooLargeException",
			Message: fmt.Sprintf("%d byte payload is too large: the limit is %d bytes", len(payload), limit),
			Status:  http.StatusRequestEntityTooLarge,
		}
	case !json.Valid(payload):
		return target{}, wire.Errorf("InvalidRequestContentException", "Could not parse request body into json.")
	}
	s.calls.Add(1)
	s.busy.Add(1)
	return t, nil
}

// done ends an invocation that accept has counted.
func (s *Service) done() {
	s.busy.Add(-1)
	s.calls.Done()
}

func throttled() *wire.Error {
	return &wire.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: http.StatusTooManyRequests}
}

// Idle reports whether no invocation runs and no event waits for one. Messages
// that an event source mapping holds are in flight in their queue.
func (s *Service) Idle() bool { return s.busy.Load() == 0 }

// Mappings returns what each event source mapping has done, in their order.
func (s *Service) Mappings() []MappingStats {
	var stats []MappingStats
	for _, m := range s.allMappings() {
		stats = append(stats, m.snapshot())
	}
	return stats
}

func (s *Service) allMappings() []*mapping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mappings)
}

// Close ends the mappings, the waiting events and every process, and returns when
// all have ended. An error is returned if the code of versions is not removed.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	var ends sync.WaitGroup
	for _, f := range s.functions {
		for _, p := range f.pools() {
			ends.Go(p.close)
		}
	}
	ends.Wait()
	s.calls.Wait()
	s.workers.Wait()
	return errors.Join(s.watchdog.close(), s.codes.close())
}

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
	// Attempted is called for every attempt of a function, and Ended for every process that
	// has ended by itself, was killed or has exceeded its timeout: with ARNs; nil ignores them.
	Attempted func(activity.Attempt)
	Ended     func(activity.Ending)
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
	if c.Attempted == nil {
		c.Attempted = func(activity.Attempt) {}
	}
	if c.Ended == nil {
		c.Ended = func(activity.Ending) {}
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
