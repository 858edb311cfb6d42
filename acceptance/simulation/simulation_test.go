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
)

// simulation runs a history for each seed, which depends on nothing else but
// the number of orders and the decisions.
type simulation struct {
	language  participant.Language
	decisions func(*ledger) decisions
	orders    int
}

// failure is a history that violates an invariant, as short as it was found.
type failure struct {
	seed       uint64
	story      []string
	violations []audit.Violation
}

// play runs one history to its end, and gives what is wrong besides what an
// audit finds.
func (s simulation) play(ctx context.Context, d *dice) (*history, []audit.Violation, error) {
	l := newLedger()
	h, err := newHistory(ctx, newWorld(s.language, s.decisions(l), l), d, s.orders)
	if err != nil {
		return nil, nil, err
	}
	return h, h.play(ctx), nil
}

// examine runs one history to its end and audits it.
func (s simulation) examine(ctx context.Context, d *dice) (*history, []audit.Violation, error) {
	h, violations, err := s.play(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	audited, err := audit.Audit(s.language, h.evidence())
	return h, append(violations, audited...), err
}

// fails tells whether anything is wrong with a history. An audit takes longer
// than a short history, so it comes only if it is needed.
func (s simulation) fails(ctx context.Context, rolls []int) bool {
	h, violations, err := s.play(ctx, loaded(rolls))
	if err != nil || len(violations) > 0 {
		return err == nil
	}
	violations, err = audit.Audit(s.language, h.evidence())
	return err == nil && len(violations) > 0
}

// search runs the histories of n seeds on all processors, counts what happened
// in them, and gives the first one that fails, shrunk.
func (s simulation) search(ctx context.Context, seed, n uint64) (map[string]int, *failure, error) {
	tally, mu := make(map[string]int), sync.Mutex{}
	// Histories are begun in order, so all before the first bad one are run.
	var next, firstBad atomic.Uint64
	firstBad.Store(n)
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < firstBad.Load(); i = next.Add(1) - 1 {
				h, violations, err := s.examine(ctx, seeded(seed+i))
				if err != nil {
					return fmt.Errorf("seed %d: %w", seed+i, err)
				}
				h.count()
				mu.Lock()
				for what, count := range h.tally {
					tally[what] += count
				}
				if len(violations) > 0 {
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

// shorten finds a history with fewer orders that fails too, if it can, and makes
// it as short as possible.
func (s simulation) shorten(ctx context.Context, seed uint64) (*failure, error) {
	const tries = 200
	for _, fewer := range []int{1, 2, 4, 8} {
		small := simulation{s.language, s.decisions, min(fewer, s.orders)}
		for candidate := seed; candidate < seed+tries; candidate++ {
			d := seeded(candidate)
			_, violations, err := small.examine(ctx, d)
			if err != nil {
				return nil, err
			}
			if len(violations) > 0 {
				return small.tell(ctx, seed, d.rolls)
			}
		}
	}
	d := seeded(seed)
	if _, _, err := s.play(ctx, d); err != nil {
		return nil, err
	}
	return s.tell(ctx, seed, d.rolls)
}

// tell tells of a history that fails, as short as it can be.
func (s simulation) tell(ctx context.Context, seed uint64, rolls []int) (*failure, error) {
	rolls = shrink(rolls, func(rolls []int) bool { return s.fails(ctx, rolls) })
	h, violations, err := s.examine(ctx, loaded(rolls))
	if err != nil {
		return nil, err
	}
	return &failure{seed, told(h.story, violations), violations}, nil
}

// told is the story without the replay, unless only that went wrong.
func told(story []string, violations []audit.Violation) []string {
	if slices.ContainsFunc(violations, func(v audit.Violation) bool { return v.Invariant != 9 }) {
		return story[:slices.Index(story, theReplay)]
	}
	return story
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
	accepted  = "orders accepted"
	announced = "events published"
	overtakes = "a later event of the order is first"
	skewed    = "a clock is skewed"
	abandoned = "a customer gives up before an answer"
	healed    = "the sweeper publishes what never was"

	erasures     = "a customer is erased"
	eraseAgain   = "an erasure is stopped, and begun again"
	afterErasure = "an event comes after its order was erased"
	gone         = "a command comes after its order was erased"

	replayed = "replayed"
	stale    = "redriven after the retention, refused"

	shipped              = "shipped"
	refused              = "the warehouse refuses a cancellation"
	tooLate              = "a cancellation comes too late"
	tooEarly             = "a cancellation comes too early"
	tombstoneInWarehouse = "a tombstone in the warehouse"
	tombstoneInPayment   = "a tombstone in the payment context"
	tombstoneInLoyalty   = "a tombstone in the loyalty context"
)
