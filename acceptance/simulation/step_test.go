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
	entry := len(w.log)
	isStale := w.isStale(t)
	if _, isErased := w.erased[t.event.Subject]; isErased && !w.archived && !t.isCommand {
		w.tally[eventAfterErasure]++
	}
	err := w.run(ctx, t, planned)
	switch {
	case errors.Is(err, errCrashed), errors.Is(err, errNoResponse):
		w.retry(t)
		return
	case errors.Is(err, erase.ErrAgain):
		w.retryErasure(t)
		return
	case isStale && errors.Is(err, event.ErrInvalid):
		w.tally[stale]++
	case isStale:
		w.stuck = append(w.stuck, t)
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
		w.stuck = append(w.stuck, t)
	}
	w.log[entry] += ": " + err.Error()
}

// run runs a task with its planned fault, which occurs if the run reaches its place.
func (w *world) run(ctx context.Context, t *task, planned fault) error {
	w.planned, w.running, w.dead = planned, t, false
	w.log = append(w.log, t.String())
	err := t.run(ctx)
	w.planned, w.dead = noFault, false
	return err
}

// retry schedules a task that has failed again.
func (w *world) retry(t *task) {
	if t.isCommand && w.abandons() {
		w.tally[abandoned]++
		w.log = append(w.log, "   "+abandoned)
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
