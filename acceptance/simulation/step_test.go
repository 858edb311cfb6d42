package simulation

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/saga/operator/erase"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// redelivery is after which time a message that was not acknowledged is redelivered, like
// the visibility timeout of a queue, and a customer repeats a request.
const redelivery = 3 * time.Minute

// step runs the pending task with this index. A task that failed because of a fault is
// pending again.
func (w *world) step(ctx context.Context, i int, planned fault) {
	t := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	begun := w.begin(t)
	w.end(begun, w.run(planned, []*task{t}, func() []error { return []error{t.run(ctx)} })[0])
}

// stepBatch runs some pending events of one context as one batch. Each has a result of
// its own, unless the process crashes: then all are pending again.
func (w *world) stepBatch(ctx context.Context, tasks []*task, planned fault) {
	w.pending = slices.DeleteFunc(w.pending, func(t *task) bool { return slices.Contains(tasks, t) })
	var all []begun
	var deliveries []event.Delivery
	for _, t := range tasks {
		all = append(all, w.begin(t))
		deliveries = append(deliveries, event.Delivery{Event: t.event, Context: ctx})
	}
	i := slices.IndexFunc(w.consumers, func(c consumer) bool { return c.name == tasks[0].component })
	errs := w.run(planned, tasks, func() []error { return w.consumers[i].handleBatch(ctx, deliveries) })
	for n, b := range all {
		w.end(b, errs[n])
	}
}

// begun is a task whose run has begun.
type begun struct {
	*task

	// entry is the task's line in the log.
	entry   int
	isStale bool
}

func (w *world) begin(t *task) begun {
	if _, isErased := w.erased[t.event.Subject]; isErased && !w.archived && !t.isCommand {
		w.tally[eventAfterErasure]++
	}
	w.log = append(w.log, t.String())
	return begun{t, len(w.log) - 1, w.isStale(t)}
}

// end acknowledges a task, or schedules it again.
func (w *world) end(t begun, err error) {
	switch {
	case errors.Is(err, errDenied):
		w.outage.bury(w, t.task, undelivered)
		return
	case errors.Is(err, errCrashed), errors.Is(err, errNoResponse):
		w.retry(t.task)
		return
	case errors.Is(err, erase.ErrAgain):
		w.retryErasure(t.task)
		return
	case t.isStale && errors.Is(err, event.ErrInvalid):
		w.tally[stale]++
	case t.isStale:
		w.stuck = append(w.stuck, t.task)
		return
	case err == nil:
		return
	case errors.Is(err, event.ErrInvalid):
		w.rejected[t.component]++
	case errors.Is(err, order.ErrTooLate):
		w.tally[tooLate]++
	case errors.Is(err, order.ErrUnknown):
		w.tally[tooEarly]++
	case errors.Is(err, order.ErrErased):
		w.tally[commandAfterErasure]++
	default:
		w.stuck = append(w.stuck, t.task)
	}
	w.log[t.entry] += ": " + err.Error()
}

// run runs tasks with their planned fault, which occurs if the run reaches its place. A
// process that crashes acknowledges none of them.
func (w *world) run(planned fault, tasks []*task, run func() []error) []error {
	w.planned, w.running, w.dead = planned, tasks, false
	errs := run()
	if w.dead {
		errs = slices.Repeat([]error{errCrashed}, len(tasks))
	}
	w.planned, w.dead = noFault, false
	return errs
}

// retry schedules a task that has failed again.
func (w *world) retry(t *task) {
	if t.isCommand && w.abandons() {
		w.tally[abandoned]++
		w.log = append(w.log, "   "+abandoned)
		return
	}
	component := t.component
	if t.isCommand {
		component += commands
	}
	w.failures[component] = append(w.failures[component], w.now)
	if w.outage != nil && !t.isCommand {
		w.outage.redeliver(w, t)
		return
	}
	t.at = w.now.Add(redelivery << (2 * t.tries)) // At the ninth try this is months.
	w.pending = append(w.pending, t)
}

// isStale reports whether an event is older than the retention of its consumer.
func (w *world) isStale(t *task) bool {
	_, isContext := w.stores[t.component]
	return isContext && !t.isCommand && t.event.Time.Before(w.now.Add(w.skews[t.component]-retention))
}
