package simulation

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	loyaltysandbox "example.com/saga/services/loyalty/sandbox"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	warehousesandbox "example.com/saga/services/warehouse/sandbox"
)

// history is some orders on their way through a world.
type history struct {
	*world
	*dice

	orders []contract.OrderPlaced
	// weights are how likely each fault is; in each history others are never.
	weights []int
	// trouble is how often something may still go wrong.
	trouble int
	// began is when the first order may be placed.
	began time.Time
	// sweepAt is when the sweeper comes next.
	sweepAt time.Time
	// idle is how often it has come since there was nothing left to do, and
	// known how many events there were when it came.
	idle, known int
}

// undisturbed is the weight of no fault; each fault weighs up to as much.
const undisturbed = 40

// newHistory draws up to so many orders with little stock and every way to
// fail, slow or fast, and with what may go wrong.
func newHistory(ctx context.Context, w *world, d *dice, orders int) (*history, error) {
	h := &history{world: w, dice: d, began: w.now, sweepAt: w.now}
	w.rival = d.roll
	w.givesUp = func() bool { return d.roll(4) == 3 }
	for range faults() {
		h.weights = append(h.weights, oneOf(d, 0, 0, 1, 4, undisturbed))
	}
	slowest := oneOf(d, time.Second, time.Second, time.Second, 20*time.Second, 5*time.Minute)
	w.latency = func() time.Duration { return slowest * time.Duration(d.roll(fine)) / fine }
	h.skewClocks()
	for _, sku := range []string{"123", "456"} {
		if err := w.receive(ctx, sku, oneOf[int64](d, 200, 200, 50, 10, 2)); err != nil {
			return nil, err
		}
	}
	if goodsComeFirst := d.roll(8) < 7; goodsComeFirst {
		w.runAll(ctx)
	}
	for n := 1; n <= orders && (n == 1 || d.goesOn()); n++ {
		o := h.drawOrder(fmt.Sprintf("o-%d", n))
		h.orders = append(h.orders, o)
		h.story = append(h.story, fmt.Sprintf("%s: %v for %s, by %s to %q", o.OrderID, o.Items, o.CustomerID, o.PaymentMethod, o.ShippingAddress))
		at := h.moment(5 * time.Minute)
		w.placeAt(o, at)
		for range oneOf(d, 0, 0, 0, 1, 2) {
			w.cancelAt(o.OrderID, contract.CancelledByCustomer, at.Add(2*h.moment(2*slowest).Sub(h.began)-slowest))
		}
	}
	for range oneOf(d, 0, 0, 1, 2) {
		h.eraseAt(oneOf(d, h.orders...).CustomerID, h.moment(20*time.Minute))
	}
	h.trouble = d.roll(8 * len(h.orders))
	return h, nil
}

// fine is into how many parts a time is divided to draw one of them.
const fine = 32

// skewClocks sets some clocks before or behind the time that it is.
func (h *history) skewClocks() {
	for _, source := range append(contract.Contexts(), sweeping) {
		h.skews[source] = oneOf(h.dice, 0, 0, 0, time.Second, -time.Second, 5*time.Minute, -5*time.Minute)
		if h.skews[source] != 0 {
			h.tally[skewed]++
		}
	}
}

// moment draws one within so long after the beginning.
func (h *history) moment(within time.Duration) time.Time {
	return h.began.Add(within * time.Duration(h.roll(fine)) / fine)
}

func (h *history) drawOrder(id string) contract.OrderPlaced {
	o := contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      oneOf(h.dice, "c-42", "c-42", "c-43", "c-43", "c-44", "c-45", "c-46", loyaltysandbox.BlockedPrefix),
		ShippingAddress: oneOf(h.dice, "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", warehousesandbox.Undeliverable),
		PaymentMethod:   oneOf(h.dice, "card", "card", "card", "card", "card", paymentsandbox.Declined),
	}
	for range oneOf(h.dice, 1, 1, 2) {
		o.Items = append(o.Items, contract.Item{
			SKU:      oneOf(h.dice, "123", "123", "123", "123", "123", "123", "456", "456", "456", "456", "456", "456", "never-received"),
			Quantity: int64(1 + h.roll(2)), Price: oneOf[int64](h.dice, 1250, 1250, 1250, 1250, 1_000_000), Currency: "EUR",
		})
	}
	return o
}

// play runs everything to its end, replays the archive, and gives what is wrong
// besides what an audit finds.
func (h *history) play(ctx context.Context) []audit.Violation {
	for h.idle < 2 {
		i := h.earliest()
		if i < 0 || h.pending[i].at.After(h.sweepAt) {
			h.lookAfter(ctx)
			continue
		}
		h.now = later(h.now, h.pending[i].at)
		h.next(ctx, i)
	}
	before := h.evidence()
	h.replay(ctx)
	h.redriveTooLate(ctx)
	return slices.Concat(h.checkStuck(), h.checkAmounts(), h.checkReasons(), h.checkTimelines(), h.checkErased(), changes(before, h.evidence()))
}

// earliest is the index of the pending task that arrives first, or negative.
func (h *history) earliest() int {
	first := -1
	for i, t := range h.pending {
		if first < 0 || t.at.Before(h.pending[first].at) {
			first = i
		}
	}
	return first
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lookAfter lets the sweeper come: every minute while orders are young, and
// each hour then.
func (h *history) lookAfter(ctx context.Context) {
	h.now = later(h.now, h.sweepAt)
	young := h.now.Before(h.began.Add(2 * deadline))
	nothingLeft := len(h.pending) == 0 && !young && h.known == len(h.published)
	h.known = len(h.published)
	planned := plain
	if !nothingLeft {
		planned = h.draw()
	}
	if h.sweep(ctx, planned) && nothingLeft {
		h.idle++
	} else {
		h.idle = 0
	}
	h.sweepAt = h.now.Add(time.Hour)
	if young {
		h.sweepAt = h.now.Add(time.Minute)
	}
}

// draw draws what is planned for a task.
func (h *history) draw() fault {
	if h.trouble == 0 {
		return plain
	}
	sides := undisturbed
	for _, weight := range h.weights {
		sides += weight
	}
	n := h.roll(sides) - undisturbed
	for i, weight := range h.weights {
		if n >= 0 && n < weight {
			h.trouble--
			return faults()[i]
		}
		n -= weight
	}
	return plain
}

// next runs a pending task, with or without trouble.
func (h *history) next(ctx context.Context, i int) {
	if slices.ContainsFunc(h.pending[:i], h.pending[i].competes) {
		h.tally[overtakes]++
	}
	switch planned := h.draw(); planned {
	case duplicated:
		h.note(h.pending[i], duplicated)
		again := *h.pending[i]
		again.at = h.now.Add(h.latency())
		h.pending = append(h.pending, &again)
		h.step(ctx, i, plain)
	case lost:
		h.postpone(i, lost, redelivery)
	case delayed:
		h.postpone(i, delayed, oneOf(h.dice, 10*time.Minute, time.Hour, 6*time.Hour))
	case redriven:
		h.postpone(i, redriven, oneOf(h.dice, 24*time.Hour, 5*24*time.Hour, 13*24*time.Hour))
	default:
		h.step(ctx, i, planned)
	}
}

// postpone lets a task arrive later, but well within the retention. Nobody has
// so much patience with a command.
func (h *history) postpone(i int, why fault, by time.Duration) {
	t := h.pending[i]
	at := h.now.Add(by)
	if why == redriven && (t.isCommand || at.After(t.event.Time.Add(retention-2*24*time.Hour))) {
		return
	}
	t.at = at
	h.note(t, why)
}

func (h *history) note(t *task, f fault) {
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
	h.tally[replayed] += len(h.pending)
	h.runAll(ctx)
}

// redriveTooLate delivers something once more when nobody remembers it.
func (h *history) redriveTooLate(ctx context.Context) {
	h.story = append(h.story, "the retention is over")
	h.now = h.now.Add(retention + time.Hour)
	for range 3 {
		h.deliver(h.published[h.roll(len(h.published))])
	}
	h.runAll(ctx)
}

// changes are what a replay has changed: nothing, if all is well.
func changes(before, after audit.Evidence) []audit.Violation {
	var found []audit.Violation
	for name, pair := range map[string][2]any{
		"the published events": {len(before.Published), len(after.Published)},
		"the contexts":         {before.Tables, after.Tables},
		"the ledger":           {before.Ledger, after.Ledger},
		"the dead letters":     {before.DeadLetters, after.DeadLetters},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			found = append(found, audit.Violation{Invariant: 9, Text: fmt.Sprintf("a replay changes %s (-before +after):\n%s", name, cmp.Diff(pair[0], pair[1]))})
		}
	}
	return found
}
