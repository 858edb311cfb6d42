package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/erase"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

// erasing is the component name of the operator's erase command.
const erasing = "operator/erase"

// erasedWithin is how long an erasure may take: no event is redriven so late, nor does
// one that follows from a redriven event come so late.
const erasedWithin = 4 * retention

// eraseAt schedules the erasure of a customer. It is repeated until it succeeds.
func (w *world) eraseAt(customer string, at time.Time) {
	w.pending = append(w.pending, &task{
		component: erasing, at: at, event: event.Event{Type: "an erasure", Subject: customer, Time: at},
		run: func(ctx context.Context) error { return w.erase(ctx, customer) },
	})
}

// retryErasure schedules an erasure that came too early again, later each time.
func (w *world) retryErasure(t *task) {
	if w.now.Sub(t.event.Time) > erasedWithin {
		w.stuck = append(w.stuck, t)
		return
	}
	t.tries++
	w.retry(t)
}

// erase erases a customer as far as possible now.
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
		Awards: func(ctx context.Context, customer string) ([]string, error) {
			entries, err := store(contract.SourceLoyalty).Entries(ctx, loyalty.CustomerAccount(customer), time.Time{})
			return slices.Sorted(maps.Keys(entries)), errors.Join(err, w.alive())
		},
		Clock: func() time.Time { return w.clock(erasing) },
	}
	outcome, err := e.Erase(ctx, customer)
	w.recordErased()
	err = errors.Join(err, errors.Join(outcome.Problems()...))
	switch {
	case err == nil:
		w.tally[erasures]++
	case errors.Is(err, errCrashed), errors.Is(err, errNoResponse):
		w.tally[eraseAgain]++
	}
	return err
}

// alive returns an error if the current run has crashed.
func (w *world) alive() error {
	if w.dead {
		return errCrashed
	}
	return nil
}

// recordErased records which orders are erased by now.
func (w *world) recordErased() {
	for id, record := range w.stores[contract.SourceOrder].Records() {
		if _, known := w.erased[id]; record.Erased && !known {
			w.erased[id] = len(w.published)
		}
	}
}

// checkErased checks that nothing is published about an order after it is erased, not
// even again, and that a customer all of whose orders are erased has no points left. The
// audit checks that the tombstones have no other data.
func (h *history) checkErased() []audit.Violation {
	var found []audit.Violation
	for id, known := range h.erased {
		for _, e := range h.published[known:] {
			if e.Subject == id {
				found = append(found, audit.Violation{Invariant: 10, Order: id, Text: e.Type + " is new, although the order is erased"})
			}
		}
	}
	for _, e := range h.publishedErased {
		found = append(found, audit.Violation{Invariant: 10, Order: e.Subject, Text: e.Type + " is published, although the order is erased"})
	}
	holds := make(map[string]bool)
	for _, o := range h.orders {
		_, isErased := h.erased[o.OrderID]
		holds[o.CustomerID] = holds[o.CustomerID] || !isErased
	}
	for _, record := range h.stores[contract.SourceLoyalty].Records() {
		customer, isAward := strings.CutPrefix(record.Entry.Account, loyalty.CustomerAccount(""))
		if isAward && !holds[customer] {
			found = append(found, audit.Violation{Invariant: 10, Order: record.Subject, Text: fmt.Sprintf("%s is erased, but still has %d points", customer, record.Entry.Amount)})
		}
	}
	return found
}
