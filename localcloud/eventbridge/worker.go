package eventbridge

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
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

func newWorker(t *target, config *Config, pending *atomic.Int64) *worker {
	w := &worker{target: t, config: config, pending: pending}
	w.wake = sync.NewCond(&w.mu)
	return w
}

func (w *worker) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
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
	if failure == nil {
		w.finish(func(c *Counts) { c.Delivered++ })
		return
	}
	if ctx.Err() != nil {
		// It failed because the service closes, which abandons it.
		return
	}
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
