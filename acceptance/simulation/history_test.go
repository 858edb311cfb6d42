package simulation

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	loyaltysandbox "example.com/saga/services/loyalty/sandbox"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	warehousesandbox "example.com/saga/services/warehouse/sandbox"
)

// What can happen to a delivery besides the faults of its run.
const (
	plain      fault = ""
	duplicated fault = "is duplicated"
	heldBack   fault = "is held back"
)

// troubles are what is planned for a delivery, the more likely the more often
// it is here.
func troubles() []fault {
	return []fault{
		plain, plain, plain, plain, plain, plain,
		duplicated, duplicated, heldBack, heldBack, losesTheRace, losesTheRace, endpointRefuses, endpointRefuses,
		diesBeforeLoading, diesBeforeCommit, diesAfterCommit, diesBeforePublishing, diesAfterPublishing,
	}
}

// history is some orders on their way through a world.
type history struct {
	*world
	*dice

	orders        []contract.OrderPlaced
	cancellations []cancellation
	steps         int
	// held arrives after all else is done: the history is cut off, and goes on.
	held []task
	// trouble is how often something may still go wrong.
	trouble int
}

// cancellation is sent after so many steps, or when all else is done.
type cancellation struct {
	after   int
	orderID string
	reason  contract.Reason
}

// newHistory draws some orders with little stock and every way to fail. The
// suffix makes its ids, customers and SKUs differ from those of other histories.
func newHistory(ctx context.Context, w *world, d *dice, suffix string) (*history, error) {
	h := &history{world: w, dice: d}
	w.rival = d.roll
	if err := w.receive(ctx, "123"+suffix, oneOf[int64](d, 20, 20, 6, 3, 1)); err != nil {
		return nil, err
	}
	if goodsComeFirst := d.roll(8) < 7; goodsComeFirst {
		w.runAll(ctx)
	}
	for n := 1; n == 1 || (n <= 3 && d.roll(3) > 0); n++ {
		o := h.drawOrder(fmt.Sprintf("o-%d%s", n, suffix), suffix)
		h.orders = append(h.orders, o)
		h.story = append(h.story, fmt.Sprintf("%s: %v for %s, by %s to %q", o.OrderID, o.Items, o.CustomerID, o.PaymentMethod, o.ShippingAddress))
		w.place(o)
		for range oneOf(d, 0, 0, 1, 2) {
			reason := oneOf(d, contract.CancelledByCustomer, contract.TimedOut)
			h.cancellations = append(h.cancellations, cancellation{d.roll(40), o.OrderID, reason})
		}
	}
	h.trouble = d.roll(30)
	return h, nil
}

func (h *history) drawOrder(id, suffix string) contract.OrderPlaced {
	o := contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      oneOf(h.dice, "c-42", "c-42", "c-43", "c-43", "c-43", loyaltysandbox.BlockedPrefix) + suffix,
		ShippingAddress: oneOf(h.dice, "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", warehousesandbox.Undeliverable),
		PaymentMethod:   oneOf(h.dice, "card", "card", "card", "card", "card", paymentsandbox.Declined),
	}
	for range oneOf(h.dice, 1, 1, 2) {
		o.Items = append(o.Items, contract.Item{
			SKU:      oneOf(h.dice, "123", "123", "123", "123", "123", "123", "123", "never-received") + suffix,
			Quantity: int64(1 + h.roll(2)), Price: 1250, Currency: "EUR",
		})
	}
	return o
}

// play runs everything to its end, replays the archive, and gives what is wrong
// besides what an audit finds.
func (h *history) play(ctx context.Context) []audit.Violation {
	for h.prepare() {
		h.next(ctx)
	}
	before := h.evidence()
	h.replay(ctx)
	return slices.Concat(h.checkStuck(), h.checkAmounts(), h.checkTimelines(), changes(before, h.evidence()))
}

// prepare sends what is to be sent now, and tells whether there is anything.
func (h *history) prepare() bool {
	h.steps++
	if len(h.pending) == 0 && len(h.held) > 0 {
		h.story = append(h.story, "what was held back arrives")
		h.pending, h.held = h.held, nil
	}
	done := len(h.pending) == 0
	h.cancellations = slices.DeleteFunc(h.cancellations, func(c cancellation) bool {
		due := done || h.steps > c.after
		if due {
			h.cancel(c.orderID, c.reason)
		}
		return due
	})
	return len(h.pending) > 0
}

// next runs anything that is pending, with or without trouble.
func (h *history) next(ctx context.Context) {
	i := h.roll(len(h.pending))
	planned := plain
	if h.trouble > 0 {
		planned = oneOf(h.dice, troubles()...)
	}
	if planned != plain {
		h.trouble--
	}
	switch planned {
	case heldBack:
		h.note(h.pending[i], heldBack)
		h.held = append(h.held, h.pending[i])
		h.pending = slices.Delete(h.pending, i, i+1)
		return
	case duplicated:
		h.note(h.pending[i], duplicated)
		h.pending = append(h.pending, h.pending[i])
		planned = plain
	default:
	}
	h.step(ctx, i, planned)
}

func (h *history) note(t task, f fault) {
	h.story = append(h.story, t.String()+" "+string(f))
	h.tally[string(f)]++
}

// theReplay is where the history is over, and begins again.
const theReplay = "the archive is replayed"

// replay delivers all that was ever published once more, in any order.
func (h *history) replay(ctx context.Context) {
	h.story = append(h.story, theReplay)
	for _, e := range h.published {
		h.deliver(e)
	}
	h.archived = true
	for i := range h.pending {
		j := i + h.roll(len(h.pending)-i)
		h.pending[i], h.pending[j] = h.pending[j], h.pending[i]
	}
	h.runAll(ctx)
}

// changes are what a replay has changed: nothing, if all is well.
func changes(before, after audit.Evidence) []audit.Violation {
	var found []audit.Violation
	for name, pair := range map[string][2]any{
		"the published events": {len(before.Published), len(after.Published)},
		"the order context":    {before.Order, after.Order},
		"the warehouse":        {before.Warehouse, after.Warehouse},
		"the payment context":  {before.Payment, after.Payment},
		"the loyalty context":  {before.Loyalty, after.Loyalty},
		"the ledger":           {before.Ledger, after.Ledger},
		"the dead letters":     {before.DeadLetters, after.DeadLetters},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			found = append(found, audit.Violation{Invariant: 9, Text: fmt.Sprintf("a replay changes %s (-before +after):\n%s", name, cmp.Diff(pair[0], pair[1]))})
		}
	}
	return found
}
