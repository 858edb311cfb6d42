package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/loss"
)

// destinationWorkers is how many requests to one API destination may be under
// way. The other targets are in this process and accept an event at once; one
// worker each keeps their events in the order of arrival.
const destinationWorkers = 50

// A worker delivers to one target, so that no target waits for another.
type worker struct {
	target  *target
	config  *Config
	pending *atomic.Int64

	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	wake   *sync.Cond
	jobs   []*job
	closed bool
}

// A job is one delivery, from the event's arrival to its end.
type job struct {
	arrival arrival
	retries int
	last    *DeliveryError
}

// startWorker returns a worker that must be closed.
func startWorker(t *target, config *Config, pending *atomic.Int64) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{target: t, config: config, pending: pending, cancel: cancel}
	w.wake = sync.NewCond(&w.mu)
	workers := 1
	if kindOf(w.target.ARN) == KindDestination {
		workers = destinationWorkers
	}
	for range workers {
		w.group.Go(func() {
			for next := w.next(); next != nil; next = w.next() {
				w.attempt(ctx, next)
			}
		})
	}
	return w
}

// close abandons the deliveries that wait, and waits for those under way.
func (w *worker) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.wake.Broadcast()
	w.group.Wait()
}

// enqueue accepts a new event.
func (w *worker) enqueue(a arrival) {
	w.pending.Add(1)
	w.push(&job{arrival: a})
}

func (w *worker) push(j *job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = append(w.jobs, j)
	w.wake.Signal()
}

// next waits for a job. It returns nil when the worker has been closed.
func (w *worker) next() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.jobs) == 0 && !w.closed {
		w.wake.Wait()
	}
	if w.closed {
		return nil
	}
	first := w.jobs[0]
	w.jobs[0] = nil
	w.jobs = w.jobs[1:]
	return first
}

// attempt tries to deliver once, and then finishes the job or schedules its retry.
func (w *worker) attempt(ctx context.Context, j *job) {
	left := w.remaining(j.arrival.at)
	if left <= 0 {
		w.exhausted(ctx, j, conditionAge)
		return
	}
	failure := w.deliver(ctx, j, left)
	attempt := activity.Delivery{Rule: w.target.rule.ARN, Target: w.target.ARN, Event: j.arrival.event.Identity(), Attempt: j.retries + 1}
	if failure == nil {
		w.config.Attempted(attempt)
		w.finish(func(c *Counts) { c.Delivered++ })
		return
	}
	if ctx.Err() != nil {
		// It failed because the service closes, which abandons it.
		return
	}
	attempt.Reason = failure.Error()
	w.config.Attempted(attempt)
	w.target.rule.count(func(c *Counts) { c.FailedAttempts++ })
	j.last = failure
	switch {
	case !failure.Retryable:
		w.deadLetter(ctx, j, nil)
	case j.retries >= w.target.Retry.MaximumAttempts:
		w.exhausted(ctx, j, conditionAttempts)
	default:
		j.retries++
		time.AfterFunc(min(w.remaining(j.arrival.at), w.delay(j.retries, failure.RetryAfter)), func() { w.push(j) })
	}
}

func (w *worker) deliver(ctx context.Context, j *job, left time.Duration) *DeliveryError {
	delivery, err := w.target.prepare(j.arrival)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		err = w.target.deliverer.Deliver(ctx, delivery)
	}
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*DeliveryError](err); ok {
		return failure
	}
	return &DeliveryError{Code: CodeInternalError, Message: err.Error(), Retryable: true}
}

// finish counts the end of a delivery.
func (w *worker) finish(change func(*Counts)) {
	w.target.rule.count(change)
	w.pending.Add(-1)
}

// maximumDelay bounds the delay between two attempts, so that the default
// policy's 185 retries spread over its 24 hours.
const maximumDelay = 10 * time.Minute

// The values of the attribute EXHAUSTED_RETRY_CONDITION.
const (
	conditionAttempts = "MaximumRetryAttempts"
	conditionAge      = "MaximumEventAgeInSeconds"
)

// remaining returns how long an event that arrived then may still be retried.
func (w *worker) remaining(arrived time.Time) time.Duration {
	return arrived.Add(w.target.Retry.MaximumAge).Sub(w.config.Clock())
}

// delay returns the delay before a retry. It doubles with every retry and is
// random in its upper half, and is at least what the target requires.
func (w *worker) delay(retry int, asked time.Duration) time.Duration {
	half := min(w.config.BaseDelay<<min(retry-1, 20), maximumDelay) / 2
	return max(half+time.Duration(w.config.Random()*float64(half)), asked)
}

func (w *worker) exhausted(ctx context.Context, j *job, condition string) {
	if j.last == nil {
		j.last = &DeliveryError{Code: CodeTimeout, Message: "the event grew too old before it could be delivered"}
	}
	w.deadLetter(ctx, j, map[string]string{
		"EXHAUSTED_RETRY_CONDITION": condition,
		"RETRY_ATTEMPTS":            strconv.Itoa(j.retries),
	})
}

// deadLetter ends a delivery that has failed: the original event is sent to the
// target's dead-letter queue. If that fails, it is lost.
func (w *worker) deadLetter(ctx context.Context, j *job, attributes map[string]string) {
	if err := w.sendToDeadLetterQueue(ctx, j, attributes); err != nil {
		w.config.Lost.Lost(loss.Loss{
			Kind: loss.Rule, Name: w.target.rule.ARN, Target: w.target.ARN, Event: j.arrival.event.Identity(),
			Reason: fmt.Sprintf("%s; %s", j.last, err),
		})
		w.finish(func(c *Counts) { c.Dropped++ })
		return
	}
	w.config.Log.WarnContext(ctx, "event moved to the dead-letter queue", "rule", w.target.rule.ARN, "target", w.target.ARN,
		"event_id", j.arrival.event.ID, "error_code", j.last.Code, "error_message", j.last.Message, "queue", w.target.DeadLetterARN)
	w.finish(func(c *Counts) { c.DeadLettered++ })
}

func (w *worker) sendToDeadLetterQueue(ctx context.Context, j *job, attributes map[string]string) error {
	if w.target.DeadLetterARN == "" {
		return errors.New("the target has no dead-letter queue")
	}
	all := map[string]string{
		"RULE_ARN": w.target.rule.ARN, "TARGET_ARN": w.target.ARN, "ERROR_CODE": j.last.Code, "ERROR_MESSAGE": j.last.Message,
	}
	maps.Copy(all, attributes)
	if err := w.config.DeadLetters.SendDeadLetter(ctx, w.target.DeadLetterARN, j.arrival.envelope, all); err != nil {
		return fmt.Errorf("its dead-letter queue %s does not accept it: %w", w.target.DeadLetterARN, err)
	}
	return nil
}
