package simulation

import (
	"context"
	"fmt"
	"maps"
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

// together is how many histories are audited at once, each in a part of the
// world of its own: an audit begins with compiling the schemas, which takes
// longer than a history.
const together = 100

// simulation runs histories that depend on nothing but the seed, the number of
// the history and the decisions.
type simulation struct {
	language  participant.Language
	decisions func(*ledger) decisions
	seed      uint64
}

// failure is a history that violates an invariant, as short as it was found.
type failure struct {
	number     uint64
	story      []string
	violations []audit.Violation
}

// run runs one history to its end.
func (s simulation) run(ctx context.Context, d *dice, suffix string) (*history, []audit.Violation, error) {
	l := newLedger()
	h, err := newHistory(ctx, newWorld(s.language, s.decisions(l), l), d, suffix)
	if err != nil {
		return nil, nil, err
	}
	return h, h.play(ctx), nil
}

// examine runs one history and audits it alone.
func (s simulation) examine(ctx context.Context, d *dice) (*history, []audit.Violation, error) {
	h, violations, err := s.run(ctx, d, "")
	if err != nil {
		return h, nil, err
	}
	audited, err := audit.Audit(h.evidence())
	return h, append(violations, audited...), err
}

// search runs n histories on all processors, counts what happened in them, and
// gives one that fails, shrunk: always the same one for the same seed.
func (s simulation) search(ctx context.Context, n uint64) (map[string]int, *failure, error) {
	tally, mu := make(map[string]int), sync.Mutex{}
	// Batches are begun in order, so all before the first bad one are run.
	var next, firstBad atomic.Uint64
	firstBad.Store(n)
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for {
				from := next.Add(together) - together
				if from >= firstBad.Load() {
					return nil
				}
				counts, good, err := s.batch(ctx, from, min(from+together, n))
				if err != nil {
					return err
				}
				mu.Lock()
				for what, count := range counts {
					tally[what] += count
				}
				if !good {
					firstBad.Store(min(from, firstBad.Load()))
				}
				mu.Unlock()
			}
		})
	}
	if err := group.Wait(); err != nil || firstBad.Load() == n {
		return tally, nil, err
	}
	from := firstBad.Load()
	shortest, err := s.shortest(ctx, from, min(from+together, n))
	return tally, shortest, err
}

// batch runs some histories and tells whether all are good.
func (s simulation) batch(ctx context.Context, from, to uint64) (map[string]int, bool, error) {
	tally := make(map[string]int)
	all := audit.Evidence{Notified: []event.Event{}, DeadLetters: make(map[string]int)}
	good := true
	for number := from; number < to; number++ {
		h, violations, err := s.run(ctx, seeded(s.seed, number), fmt.Sprintf("-h%d", number))
		if err != nil {
			return nil, false, fmt.Errorf("history %d: %w", number, err)
		}
		good = good && len(violations) == 0
		h.count()
		for what, count := range h.tally {
			tally[what] += count
		}
		add(&all, h.evidence())
	}
	violations, err := audit.Audit(all)
	return tally, good && len(violations) == 0, err
}

// shortest takes the shortest history of a bad batch, and makes it shorter.
func (s simulation) shortest(ctx context.Context, from, to uint64) (*failure, error) {
	var number uint64
	var rolls []int
	for candidate := from; candidate < to; candidate++ {
		d := seeded(s.seed, candidate)
		_, violations, err := s.examine(ctx, d)
		if err != nil {
			return nil, err
		}
		if len(violations) > 0 && (rolls == nil || len(d.rolls) < len(rolls)) {
			number, rolls = candidate, d.rolls
		}
	}
	if rolls == nil {
		return nil, fmt.Errorf("histories %d to %d fail together, and none fails alone", from, to-1)
	}
	rolls = shrink(rolls, func(rolls []int) bool {
		_, violations, err := s.examine(ctx, loaded(rolls))
		return err == nil && len(violations) > 0
	})
	h, violations, err := s.examine(ctx, loaded(rolls))
	if err != nil {
		return nil, err
	}
	return &failure{number, told(h.story, violations), violations}, nil
}

// told is the story without the replay, unless that is what went wrong.
func told(story []string, violations []audit.Violation) []string {
	replay := slices.Index(story, theReplay)
	if slices.ContainsFunc(violations, func(v audit.Violation) bool { return v.Invariant == 9 }) {
		return story
	}
	return story[:replay]
}

// add adds the evidence of a history with names of its own.
func add(all *audit.Evidence, one audit.Evidence) {
	all.Published = append(all.Published, one.Published...)
	all.Notified = append(all.Notified, one.Notified...)
	for context, letters := range one.DeadLetters {
		all.DeadLetters[context] += letters
	}
	all.Ledger = merge(all.Ledger, one.Ledger)
	all.Order = addTable(all.Order, one.Order)
	all.Warehouse = addTable(all.Warehouse, one.Warehouse)
	all.Payment = addTable(all.Payment, one.Payment)
	all.Loyalty = addTable(all.Loyalty, one.Loyalty)
}

func addTable(all, one audit.Table) audit.Table {
	return audit.Table{Records: merge(all.Records, one.Records), Counters: merge(all.Counters, one.Counters)}
}

func merge[V any](all, one map[string]V) map[string]V {
	if all == nil {
		all = make(map[string]V)
	}
	maps.Copy(all, one)
	return all
}

// count counts the outcomes of a history.
func (h *history) count() {
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

// Outcomes that are counted besides the reasons to cancel.
const (
	shipped              = "shipped"
	refused              = "the warehouse refuses a cancellation"
	tooLate              = "a cancellation comes too late"
	tooEarly             = "a cancellation comes too early"
	tombstoneInWarehouse = "a tombstone in the warehouse"
	tombstoneInPayment   = "a tombstone in the payment context"
	tombstoneInLoyalty   = "a tombstone in the loyalty context"
)
