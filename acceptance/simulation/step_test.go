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

// redelivery is when a message comes back that was not acknowledged, as after
// the visibility timeout of a queue, and when a customer asks again.
const redelivery = 3 * time.Minute

// step runs the pending task with this index. What failed for no reason of its
// own is pending again.
func (w *world) step(ctx context.Context, i int, planned fault) {
	t := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	told := len(w.story)
	isStale := w.isStale(t)
	if _, isErased := w.erased[t.event.Subject]; isErased && !w.archived && !t.isCommand {
		w.tally[afterErasure]++
	}
	err := w.run(ctx, t, planned)
	switch {
	case errors.Is(err, errDied), errors.Is(err, errUnanswered):
		w.comesBack(t)
		return
	case errors.Is(err, erase.ErrAgain):
		w.comesTooEarly(t)
		return
	case isStale && errors.Is(err, event.ErrInvalid):
		w.tally[stale]++
	case isStale:
		w.stuck = append(w.stuck, t)
		return
	case err == nil:
		return
	case errors.Is(err, event.ErrInvalid):
		w.rejected[t.who]++
	case errors.Is(err, order.ErrTooLate):
		w.tally[tooLate]++
	case errors.Is(err, order.ErrUnknown):
		w.tally[tooEarly]++
	case errors.Is(err, order.ErrErased):
		w.tally[gone]++
	default:
		w.stuck = append(w.stuck, t)
	}
	w.story[told] += ": " + err.Error()
}

// run runs a task, in which the planned fault strikes if it gets there.
func (w *world) run(ctx context.Context, t *task, planned fault) error {
	w.planned, w.running, w.dead = planned, t, false
	w.story = append(w.story, t.String())
	err := t.run(ctx)
	w.planned, w.dead = plain, false
	return err
}

// comesBack delivers a task again that has failed.
func (w *world) comesBack(t *task) {
	if t.isCommand && w.givesUp() {
		w.tally[abandoned]++
		w.story = append(w.story, "   "+abandoned)
		return
	}
	t.at = w.now.Add(redelivery << (2 * t.tries)) // At the ninth try this is months.
	w.pending = append(w.pending, t)
}

// isStale tells whether an event is older than what its consumer remembers.
func (w *world) isStale(t *task) bool {
	_, remembers := w.stores[t.who]
	return remembers && !t.isCommand && t.event.Time.Before(w.now.Add(w.skews[t.who]-retention))
}
