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

// history is a run of some orders in a world.
type history struct {
	*world
	*dice

	orders []contract.OrderPlaced
	// weights are how likely each fault is. Each history leaves out some faults.
	weights []int
	// faultsLeft is how many faults may still occur.
	faultsLeft int
	// began is when the first order may be placed.
	began time.Time
	// sweepAt is when the sweeper runs next.
	sweepAt time.Time
	// idle is how often the sweeper has run since nothing was left to do, and known how
	// many events there were at its last run.
	idle, known int
	// quietSince is when the sweeper last found that something had happened, and logged how
	// many lines the log had then.
	quietSince time.Time
	logged     int
}

// noFaultWeight is the weight of no fault; each fault weighs at most as much.
const noFaultWeight = 40

// newHistory draws at most this many orders that compete for little stock, the way in
// which each of them may fail, the latencies and the weights of the faults.
func newHistory(ctx context.Context, w *world, d *dice, orders int) (*history, error) {
	h := &history{world: w, dice: d, began: w.now, sweepAt: w.now}
	w.rival = d.roll
	w.abandons = func() bool { return d.roll(4) == 3 }
	for range faults() {
		h.weights = append(h.weights, oneOf(d, 0, 0, 1, 4, noFaultWeight))
	}
	slowest := oneOf(d, time.Second, time.Second, time.Second, 20*time.Second, 5*time.Minute)
	w.latency = func() time.Duration { return slowest * time.Duration(d.roll(resolution)) / resolution }
	h.skewClocks()
	for _, sku := range []string{"123", "456"} {
		if err := w.receive(ctx, sku, oneOf[int64](d, 200, 200, 50, 10, 2)); err != nil {
			return nil, err
		}
	}
	if stockFirst := d.roll(8) < 7; stockFirst {
		w.runAll(ctx)
	}
	for n := 1; n <= orders && (n == 1 || d.more()); n++ {
		o := h.drawOrder(fmt.Sprintf("o-%d", n))
		h.orders = append(h.orders, o)
		h.log = append(h.log, fmt.Sprintf("%s: %v for %s, by %s to %q", o.OrderID, o.Items, o.CustomerID, o.PaymentMethod, o.ShippingAddress))
		at := h.moment(5 * time.Minute)
		w.placeAt(o, at)
		for range oneOf(d, 0, 0, 0, 1, 2) {
			w.cancelAt(o.OrderID, contract.CancelledByCustomer, at.Add(2*h.moment(2*slowest).Sub(h.began)-slowest))
		}
	}
	for range oneOf(d, 0, 0, 1, 2) {
		h.eraseAt(oneOf(d, h.orders...).CustomerID, h.moment(20*time.Minute))
	}
	h.faultsLeft = d.roll(8 * len(h.orders))
	return h, nil
}

// resolution is into how many parts a duration is divided to draw one of them.
const resolution = 32

// skewClocks sets some clocks ahead of the time of the world, or behind it.
func (h *history) skewClocks() {
	for _, source := range append(contract.Catalogue().Contexts(), sweeping) {
		h.skews[source] = oneOf(h.dice, 0, 0, 0, time.Second, -time.Second, 5*time.Minute, -5*time.Minute)
		if h.skews[source] != 0 {
			h.tally[skewed]++
		}
	}
}

// moment draws a time within a duration after the beginning.
func (h *history) moment(within time.Duration) time.Time {
	return h.began.Add(within * time.Duration(h.roll(resolution)) / resolution)
}

func (h *history) drawOrder(id string) contract.OrderPlaced {
	o := contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      oneOf(h.dice, "c-42", "c-42", "c-43", "c-43", "c-44", "c-45", "c-46", loyaltysandbox.BlockedPrefix),
		ShippingAddress: oneOf(h.dice, "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", "23 Fake Street", warehousesandbox.Undeliverable),
		PaymentMethod:   oneOf(h.dice, "card", "card", "card", "card", "card", paymentsandbox.Declined),
	}
	for range oneOf(h.dice, 1, 1, 2, 3) {
		o.Items = append(o.Items, contract.Item{
			SKU:      oneOf(h.dice, "123", "123", "123", "123", "123", "123", "456", "456", "456", "456", "456", "456", "never-received"),
			Quantity: int64(1 + h.roll(2)), Price: oneOf[int64](h.dice, 1250, 1250, 1250, 1250, 1_000_000), Currency: "EUR",
		})
	}
	return o
}

// advance runs the next task, or the sweeper, and reports whether anything is left to do.
func (h *history) advance(ctx context.Context) bool {
	i := h.earliest()
	if i < 0 || h.pending[i].at.After(h.sweepAt) {
		h.runSweeper(ctx)
		return h.idle < 2
	}
	h.now = later(h.now, h.pending[i].at)
	h.next(ctx, i)
	return true
}

// isBroken reports whether an invariant is violated already, whatever follows. The checks
// at the end find the same.
func (h *history) isBroken() bool {
	return len(h.stuck) > 0 || len(h.rejected) > 0 || len(h.publishedErased) > 0
}

// play runs everything to its end, and returns the violations that the audit does not check.
func (h *history) play(ctx context.Context) []audit.Violation {
	for h.advance(ctx) {
	}
	return h.finish(ctx)
}

// finish replays the archive after everything has run to its end, and returns the
// violations that the audit does not check.
func (h *history) finish(ctx context.Context) []audit.Violation {
	before := h.evidence()
	h.replay(ctx)
	h.redriveTooLate(ctx)
	return slices.Concat(h.checkStuck(), h.checkReservations(), h.checkAmounts(), h.checkReasons(), h.checkTimelines(), h.checkErased(), changes(before, h.evidence()))
}

// earliest returns the index of the pending task that arrives first, or a negative number.
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

// runSweeper runs the sweeper: every minute while orders may be open, every hour after
// that, and once a day after a day in which nothing has happened.
func (h *history) runSweeper(ctx context.Context) {
	h.now = later(h.now, h.sweepAt)
	young := h.now.Before(h.began.Add(2 * h.deadline))
	nothingLeft := len(h.pending) == 0 && !young && h.known == len(h.published)
	h.known = len(h.published)
	planned := noFault
	if !nothingLeft {
		planned = h.draw()
	}
	if h.sweep(ctx, planned) && nothingLeft {
		h.idle++
	} else {
		h.idle = 0
	}
	if young || len(h.log) > h.logged {
		h.quietSince, h.logged = h.now, len(h.log)
	}
	const day = 24 * time.Hour
	every := time.Hour
	switch {
	case young:
		every = h.outage.sweepsEvery(h.world)
	case h.now.Sub(h.quietSince) > day:
		every = day
	}
	h.sweepAt = h.now.Add(every)
}

// draw draws the fault that is planned for a task.
func (h *history) draw() fault {
	if h.faultsLeft == 0 {
		return noFault
	}
	sides := noFaultWeight
	for _, weight := range h.weights {
		sides += weight
	}
	n := h.roll(sides) - noFaultWeight
	for i, weight := range h.weights {
		if n >= 0 && n < weight {
			h.faultsLeft--
			return faults()[i]
		}
		n -= weight
	}
	return noFault
}

// next runs a pending task, with or without a fault.
func (h *history) next(ctx context.Context, i int) {
	if slices.ContainsFunc(h.pending[:i], h.pending[i].competes) {
		h.tally[overtakes]++
	}
	switch planned := h.draw(); planned {
	case duplicated:
		h.record(h.pending[i], duplicated)
		again := *h.pending[i]
		again.at = h.now.Add(h.latency())
		h.pending = append(h.pending, &again)
		h.step(ctx, i, noFault)
	case lost:
		h.postpone(i, lost, redelivery)
	case delayed:
		h.postpone(i, delayed, oneOf(h.dice, 10*time.Minute, time.Hour, 6*time.Hour))
	case redriven:
		h.postpone(i, redriven, oneOf(h.dice, 24*time.Hour, 5*24*time.Hour, 13*24*time.Hour))
	default:
		if batch := h.batch(h.pending[i]); len(batch) > 1 {
			h.tally[batched] += len(batch)
			h.stepBatch(ctx, batch, planned)
			return
		}
		h.step(ctx, i, planned)
	}
}

// window is how long a context waits for a batch.
const window = 10 * time.Second

// batch returns the tasks that run together with a task of a context: some of those that
// arrive within the window, in any order.
func (h *history) batch(first *task) []*task {
	tasks := []*task{first}
	if _, isContext := h.stores[first.component]; !isContext || first.isCommand || h.roll(3) == 0 {
		return tasks
	}
	for _, t := range h.pending {
		if len(tasks) == 10 {
			break
		}
		if t != first && t.component == first.component && !t.isCommand && t.at.Before(h.now.Add(window)) && h.roll(4) > 0 {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// postpone delays the arrival of a task, to well within the retention. No client repeats a
// command days later.
func (h *history) postpone(i int, reason fault, by time.Duration) {
	t := h.pending[i]
	at := h.now.Add(by)
	if reason == redriven && (t.isCommand || at.After(t.event.Time.Add(retention-2*24*time.Hour))) {
		return
	}
	t.at = at
	h.record(t, reason)
}

func (h *history) record(t *task, f fault) {
	h.log = append(h.log, t.String()+" "+string(f))
	h.tally[string(f)]++
}

// replayBegins is the line of the log at which the replay begins.
const replayBegins = "the archive is replayed"

// replay delivers every event that was ever published once more, in random order.
func (h *history) replay(ctx context.Context) {
	h.log = append(h.log, replayBegins)
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

// redriveTooLate delivers some events once more after the retention.
func (h *history) redriveTooLate(ctx context.Context) {
	h.log = append(h.log, "the retention is over")
	h.now = h.now.Add(retention + time.Hour)
	for range 3 {
		h.deliver(h.published[h.roll(len(h.published))])
	}
	h.runAll(ctx)
}

// changes returns a violation for each thing that a replay has changed.
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
