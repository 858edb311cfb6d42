package simulation

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment/sandbox"
)

// simulation runs a history for each seed. A history depends only on its seed, the number
// of orders and the decisions.
type simulation struct {
	language  participant.Language
	decisions func(sandbox.Ledger) decisions
	orders    int
}

// failure is a history that violates an invariant, shrunk.
type failure struct {
	seed       uint64
	log        []string
	violations []audit.Violation
}

// draw draws a history.
func (s simulation) draw(ctx context.Context, d *dice) (*history, error) {
	l := newLedger()
	return newHistory(ctx, newWorld(s.language, s.decisions(l), l), d, s.orders)
}

// play runs one history to its end, and returns the violations that the audit does not
// check.
func (s simulation) play(ctx context.Context, d *dice) (*history, []audit.Violation, error) {
	h, err := s.draw(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	return h, h.play(ctx), nil
}

// examine runs one history to its end, and returns all violations.
func (s simulation) examine(ctx context.Context, d *dice) (*history, []audit.Violation, error) {
	h, violations, err := s.play(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	audited, err := audit.Audit(h.language, h.evidence())
	return h, append(violations, audited...), err
}

// try runs one history, and reports whether it violates an invariant. It ends as soon as
// that is certain. An audit takes longer than a short history, so it runs only if nothing
// else is violated.
func (s simulation) try(ctx context.Context, d *dice) (h *history, failed bool, err error) {
	if h, err = s.draw(ctx, d); err != nil {
		return nil, false, err
	}
	for h.advance(ctx) {
		if h.isBroken() {
			return h, true, nil
		}
	}
	if len(h.finish(ctx)) > 0 {
		return h, true, nil
	}
	violations, err := audit.Audit(h.language, h.evidence())
	return h, len(violations) > 0, err
}

// search runs the histories of n seeds on all processors, and returns how often each
// thing happened, and the first history that fails, shrunk.
func (s simulation) search(ctx context.Context, seed, n uint64) (map[string]int, *failure, error) {
	tally, mu := make(map[string]int), sync.Mutex{}
	// Histories begin in the order of the seeds, so all before the first bad one are run.
	var next, firstBad atomic.Uint64
	firstBad.Store(n)
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < firstBad.Load(); i = next.Add(1) - 1 {
				h, failed, err := s.try(ctx, seeded(seed+i))
				if err != nil {
					return fmt.Errorf("seed %d: %w", seed+i, err)
				}
				h.count()
				mu.Lock()
				for what, count := range h.tally {
					tally[what] += count
				}
				if failed {
					firstBad.Store(min(i, firstBad.Load()))
				}
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil || firstBad.Load() == n {
		return tally, nil, err
	}
	shortest, err := s.shorten(ctx, seed+firstBad.Load())
	return tally, shortest, err
}

// shorten looks for a history with fewer orders that fails too, and shrinks it, or the
// original if there is none.
func (s simulation) shorten(ctx context.Context, seed uint64) (*failure, error) {
	s.language = newCachedLanguage(s.language) // The histories have few orders, and mostly the same data.
	const tries = 100
	for _, fewer := range []int{1, 2, 3, 4, 8} {
		small := simulation{s.language, s.decisions, min(fewer, s.orders)}
		for candidate := seed; candidate < seed+tries; candidate++ {
			d := seeded(candidate)
			_, failed, err := small.try(ctx, d)
			if err != nil {
				return nil, err
			}
			if failed {
				return small.describe(ctx, seed, d.rolls)
			}
		}
	}
	d := seeded(seed)
	if _, _, err := s.try(ctx, d); err != nil {
		return nil, err
	}
	return s.describe(ctx, seed, d.rolls)
}

// describe shrinks a history that fails, and returns its log and its violations.
func (s simulation) describe(ctx context.Context, seed uint64, rolls []int) (*failure, error) {
	rolls = shrink(rolls, remembering(func(d *dice) bool {
		_, failed, err := s.try(ctx, d)
		return failed && err == nil
	}))
	h, violations, err := s.examine(ctx, recorded(rolls))
	if err != nil {
		return nil, err
	}
	return &failure{seed, withoutReplay(h.log, violations), violations}, nil
}

// withoutReplay returns a log without the replay, unless only the replay is wrong.
func withoutReplay(log []string, violations []audit.Violation) []string {
	if slices.ContainsFunc(violations, func(v audit.Violation) bool { return v.Invariant != 9 }) {
		return log[:slices.Index(log, replayBegins)]
	}
	return log
}

// count counts the outcomes of a history.
func (h *history) count() {
	h.tally[accepted] += len(h.stores[contract.SourceOrder].Records())
	h.tally[announced] += len(h.published)
	events := make(map[string]event.Data)
	for _, e := range h.published {
		events[e.Subject+e.Type] = h.data(e)
	}
	for _, o := range h.orders {
		has := func(data event.Data) bool { return events[o.OrderID+data.EventType()] != nil }
		if has(contract.OrderShipped{}) {
			h.tally[shipped]++
		}
		ordered := orderedPieces(o)
		if len(ordered) < len(o.Items) {
			h.tally[repeatedSKU]++
		}
		if short, ok := events[o.OrderID+(contract.StockUnavailable{}).EventType()].(contract.StockUnavailable); ok && len(short.Missing) < len(ordered) {
			h.tally[partlyShort]++
		}
		if cancelled, ok := events[o.OrderID+(contract.OrderCancelled{}).EventType()].(contract.OrderCancelled); ok {
			h.tally["cancelled: "+string(cancelled.Reason)]++
		}
		if has(contract.CancellationRefused{}) {
			h.tally[refused]++
		}
		if has(contract.ShipmentFailed{}) && !has(contract.StockReserved{}) {
			h.tally[tombstoneInWarehouse]++
		}
		if has(contract.PaymentRefunded{}) && !has(contract.PaymentTaken{}) {
			h.tally[tombstoneInPayment]++
		}
		if has(contract.PointsRevoked{}) && !has(contract.PointsAwarded{}) {
			h.tally[tombstoneInLoyalty]++
		}
	}
}

// What is counted besides the faults and the reasons to cancel.
const (
	accepted           = "orders accepted"
	announced          = "events published"
	writtenEarlier     = "a record is written in the earlier form"
	moved              = "pieces are moved between shards"
	batched            = "an event is handled in a batch"
	overtakes          = "a later event of the order arrives first"
	skewed             = "a clock is skewed"
	abandoned          = "a customer does not wait for a response"
	publishedBySweeper = "the sweeper publishes an unpublished event"

	erasures            = "a customer is erased"
	eraseAgain          = "an erasure stops early, and is repeated"
	eventAfterErasure   = "an event arrives after its order was erased"
	commandAfterErasure = "a command arrives after its order was erased"

	replayed = "replayed"
	stale    = "redriven after the retention, rejected"

	repeatedSKU = "an order has one SKU in two lines"
	partlyShort = "an order is short of some of its SKUs"

	shipped              = "shipped"
	refused              = "the warehouse refuses a cancellation"
	tooLate              = "a cancellation arrives too late"
	tooEarly             = "a cancellation arrives too early"
	tombstoneInWarehouse = "a tombstone in the warehouse"
	tombstoneInPayment   = "a tombstone in the payment context"
	tombstoneInLoyalty   = "a tombstone in the loyalty context"
)
