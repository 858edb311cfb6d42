package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/erase"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

// erasing stands for the operator who erases customers.
const erasing = "operator/erase"

// abandonedAfter is when an erasure should have succeeded: nothing is redriven for
// as long, not even what came of what was redriven.
const abandonedAfter = 4 * retention

// eraseAt erases a customer at a moment, and again as long as it does not succeed.
func (w *world) eraseAt(customer string, at time.Time) {
	w.pending = append(w.pending, &task{
		who: erasing, at: at, event: event.Event{Type: "an erasure", Subject: customer, Time: at},
		run: func(ctx context.Context) error { return w.erase(ctx, customer) },
	})
}

// comesTooEarly lets an erasure come back, later each time.
func (w *world) comesTooEarly(t *task) {
	if w.now.Sub(t.event.Time) > abandonedAfter {
		w.stuck = append(w.stuck, t)
		return
	}
	t.tries++
	w.comesBack(t)
}

// erase erases a customer as far as it can be.
func (w *world) erase(ctx context.Context, customer string) error {
	store := func(source string) *store { return w.stores[source] }
	known, err := erase.Open(w.deployed)
	if err != nil {
		return err
	}
	e := &erase.Eraser{
		Contexts: known,
		Scan: func(_ context.Context, each func(participant.Record)) error {
			for _, record := range store(contract.SourceOrder).Records() {
				each(record)
			}
			return w.alive()
		},
		RemovePoints: func(ctx context.Context, customer string) (bool, error) {
			if err := w.alive(); err != nil {
				return false, err
			}
			return store(contract.SourceLoyalty).RemoveItem(ctx, loyalty.CustomerItem(customer), loyalty.CounterPoints)
		},
		Clock: func() time.Time { return w.clock(erasing) },
	}
	outcome, err := e.Erase(ctx, customer)
	w.noteErased()
	err = errors.Join(err, errors.Join(outcome.Problems()...))
	switch {
	case err == nil:
		w.tally[erasures]++
	case errors.Is(err, errDied), errors.Is(err, errUnanswered):
		w.tally[eraseAgain]++
	}
	return err
}

// alive is an error if the run that is under way has died.
func (w *world) alive() error {
	if w.dead {
		return errDied
	}
	return nil
}

// noteErased notes which orders are erased by now.
func (w *world) noteErased() {
	for id, record := range w.stores[contract.SourceOrder].Records() {
		if _, known := w.erased[id]; record.Erased && !known {
			w.erased[id] = len(w.published)
		}
	}
}

// checkErased checks that nothing was published about an order after it was
// erased, not even again, and that no points are left of a customer all of whose
// orders are erased. That the tombstones say nothing else, the audit checks.
func (h *history) checkErased() []audit.Violation {
	var found []audit.Violation
	for id, known := range h.erased {
		for _, e := range h.published[known:] {
			if e.Subject == id {
				found = append(found, audit.Violation{Invariant: 10, Order: id, Text: e.Type + " is new, and it was erased before"})
			}
		}
	}
	for _, e := range h.relapsed {
		found = append(found, audit.Violation{Invariant: 10, Order: e.Subject, Text: e.Type + " is published, and it was erased before"})
	}
	holds := make(map[string]bool)
	for _, o := range h.orders {
		_, isErased := h.erased[o.OrderID]
		holds[o.CustomerID] = holds[o.CustomerID] || !isErased
	}
	counters := h.stores[contract.SourceLoyalty].AllCounters()
	for customer, holds := range holds {
		if points, left := counters[loyalty.CustomerItem(customer)]; left && !holds {
			found = append(found, audit.Violation{Invariant: 10, Text: fmt.Sprintf("%s is erased, and has %v", customer, points)})
		}
	}
	return found
}
