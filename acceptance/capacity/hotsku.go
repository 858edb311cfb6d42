package capacity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/warehouse"
)

// partitionReads is how many read units a second a partition has: partitionPage.
const partitionReads = 3000

// soon is how long a reservation may take, and keptUp the share of orders for which it took
// no longer, of a warehouse that keeps up.
const (
	soon   = 5 * time.Second
	keptUp = 0.99
)

// hotSKU simulates the reservations of one SKU: the real decision of the warehouse on real
// counters, and transactions that take time. Everything else has no limit.
type hotSKU struct {
	*engine
	latencies

	hot   warehouse.HotSKUs
	store *memory.Store
	items map[string]*hotItem
	// err ends the simulation.
	err error
	HotResult
}

// hotItem is an item with a partition of its own.
type hotItem struct {
	busyUntil     time.Duration
	writes, reads rate
}

// HotResult is what a simulation of a SKU has counted.
type HotResult struct {
	Placed, Reserved, Refused, DeadLetters int
	// Attempts are transactions, and Conflicts those of them that met another.
	Attempts, Conflicts, Throttled int

	took []time.Duration
}

// KeepsUp reports whether nearly all orders were decided on soon.
func (r HotResult) KeepsUp() bool { return r.share(keptUp) <= soon && r.DeadLetters == 0 }

// ConflictShare returns the share of the attempts that were in conflict.
func (r HotResult) ConflictShare() float64 { return float64(r.Conflicts) / float64(max(1, r.Attempts)) }

// share returns how long a share of the orders took at most.
func (r HotResult) share(share float64) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	slices.Sort(r.took)
	return r.took[min(len(r.took)-1, int(share*float64(len(r.took))))]
}

// hotOrder is an order on its way.
type hotOrder struct {
	id       string
	begun    time.Duration
	receives int
	in       participant.Input
}

const hotName = "123"

// MaximumHotGroups is the largest number of groups of shards.
const MaximumHotGroups = warehouse.MaximumGroups

// HotLoad is orders for one piece each of a SKU.
type HotLoad struct {
	// Groups are those of its shards, and Pieces what is on hand of it.
	Groups int
	Pieces int64
	Rate   float64 // orders a second
	// Filling is the time in which shards are filled, before orders are counted.
	Filling, Lasting time.Duration
}

// HotHead returns the headings of the rows of loads.
func HotHead() []string {
	return []string{"groups of shards", "orders a second", "attempts in conflict", "throttled", "50 %, ms", "99 %, ms", "longest, ms", "out of stock", "keeps up"}
}

// Row returns a row of the table of loads.
func (l HotLoad) Row(r HotResult) []string {
	ms := func(share float64) string { return thousands(float64(r.share(share).Milliseconds())) }
	groups, keepsUp := "none", "no"
	if l.Groups > 0 {
		groups = strconv.Itoa(l.Groups)
	}
	if r.KeepsUp() {
		keepsUp = "yes"
	}
	return []string{
		groups, thousands(l.Rate), fmt.Sprintf("%.1f %%", 100*r.ConflictShare()), thousands(float64(r.Throttled)),
		ms(0.5), ms(0.99), ms(1), thousands(float64(r.Refused)), keepsUp,
	}
}

// Run simulates the load, until all is decided.
func (l HotLoad) Run(seed uint64) (HotResult, error) {
	s := &hotSKU{
		engine: newEngine(seed), latencies: usualLatencies(), store: memory.NewStore(), items: make(map[string]*hotItem),
		hot: make(warehouse.HotSKUs),
	}
	if l.Groups > 0 {
		s.hot[hotName] = l.Groups
	}
	received := []participant.Adjustment{{
		Item: warehouse.StockItem(hotName),
		Add:  map[string]int64{warehouse.CounterReceived: l.Pieces, warehouse.CounterOnHand: l.Pieces},
	}}
	if err := s.store.Move(context.Background(), received); err != nil {
		return HotResult{}, err
	}
	end := l.Filling + l.Lasting
	s.arrive(l.Rate, end)
	for l.Filling > 0 && s.err == nil && s.step(l.Filling) {
	}
	s.HotResult = HotResult{}
	for s.err == nil && s.step(end+longest) {
	}
	if unbalanced := warehouse.Unbalanced(s.store.AllCounters()); len(unbalanced) > 0 {
		s.err = fmt.Errorf("%v", unbalanced)
	}
	return s.HotResult, s.err
}

// arrive places orders at random moments.
func (s *hotSKU) arrive(rate float64, until time.Duration) {
	var next func()
	next = func() {
		if s.now >= until {
			return
		}
		s.Placed++
		o := &hotOrder{id: strconv.FormatUint(s.Uint64(), 16), begun: s.now}
		s.decide(o, 1)
		s.after(time.Duration(s.ExpFloat64()/rate*float64(time.Second)), next)
	}
	next()
}

// decide makes the decision on what is known, and does what it needs.
func (s *hotSKU) decide(o *hotOrder, attempt int) {
	o.in.Event = event.Event{ID: o.id, Type: contract.OrderPlaced{}.EventType(), Subject: o.id}
	o.in.Data = contract.OrderPlaced{OrderID: o.id, Items: []contract.Item{{SKU: hotName, Quantity: 1, Price: 1, Currency: "EUR"}}}
	decision, err := s.hot.Decide(warehouse.State{}, o.in, true)
	switch {
	case err != nil:
		s.err = err
	case len(decision.Reads) > 0:
		s.read(o, decision.Reads, attempt)
	case len(decision.Moves) > 0:
		s.transact(o, decision.Moves, attempt, func() { s.again(o, participant.Input{}, attempt) })
	case len(decision.Adjustments) > 0:
		s.transact(o, decision.Adjustments, attempt, func() { s.Reserved++; s.end(o) })
	default:
		s.after(s.sample(s.write), func() { s.Refused++; s.end(o) })
	}
}

func (s *hotSKU) again(o *hotOrder, known participant.Input, attempt int) {
	o.in = known
	s.decide(o, attempt)
}

func (s *hotSKU) end(o *hotOrder) { s.took = append(s.took, s.now-o.begun) }

// read reads the counters of items, one after the other in time if they are throttled.
func (s *hotSKU) read(o *hotOrder, items []string, attempt int) {
	took := s.sample(s.latencies.read)
	for _, item := range items {
		took = max(took, s.item(item).reads.wait(s.now, 1))
	}
	s.after(took, func() {
		counters, err := s.store.CountersOf(context.Background(), items...)
		if err != nil {
			s.err = err
			return
		}
		for item, counted := range o.in.Counters {
			if _, isRead := counters[item]; !isRead {
				counters[item] = counted
			}
		}
		s.again(o, participant.Input{Refused: o.in.Refused, Counters: counters}, attempt)
	})
}

// transact writes items in a transaction, which takes longer with more of them. It keeps them
// busy until it ends, and one that meets a busy item is in conflict.
func (s *hotSKU) transact(o *hotOrder, adjustments []participant.Adjustment, attempt int, done func()) {
	took := time.Duration(0)
	for range adjustments {
		took = max(took, s.sample(s.latencies.transact))
	}
	s.Attempts++
	isThrottled, isBusy := false, false
	for _, a := range adjustments {
		item := s.item(a.Item)
		isThrottled = !item.writes.take(s.now, 2) || isThrottled
		isBusy = isBusy || item.busyUntil > s.now
	}
	switch {
	case isThrottled:
		s.Throttled++
		s.after(took, func() { s.redeliver(o) })
	case isBusy:
		s.Conflicts++
		s.after(took, func() { s.repeat(o, attempt) })
	default:
		s.apply(o, adjustments, took, attempt, done)
	}
}

// apply writes the items, which no other transaction does until it ends.
func (s *hotSKU) apply(o *hotOrder, adjustments []participant.Adjustment, took time.Duration, attempt int, done func()) {
	err := s.store.Move(context.Background(), adjustments)
	refused, isRefused := errors.AsType[*participant.RefusedError](err)
	switch {
	case isRefused && attempt == sagaAttempts:
		s.after(took, func() { s.redeliver(o) })
	case isRefused:
		known := participant.Input{Refused: refused.Items, Counters: refused.Counters}
		s.after(took, func() { s.again(o, known, attempt+1) })
	case err != nil:
		s.err = err
	default:
		for _, a := range adjustments {
			s.item(a.Item).busyUntil = s.now + took
		}
		s.after(took, done)
	}
}

// repeat begins again after a pause, as the participant does.
func (s *hotSKU) repeat(o *hotOrder, attempt int) {
	if attempt == sagaAttempts {
		s.redeliver(o)
		return
	}
	pause := time.Duration(s.Float64() * float64(5*time.Millisecond<<attempt))
	s.after(pause+s.sample(s.latencies.read), func() { s.again(o, participant.Input{}, attempt+1) })
}

// redeliver begins again when the message is received again, or leaves it as a dead letter.
func (s *hotSKU) redeliver(o *hotOrder) {
	o.receives++
	if o.receives == maxReceives {
		s.DeadLetters++
		return
	}
	delay := min(maximumDelay, minimumDelay<<(o.receives-1))
	s.after(delay-time.Duration(s.Float64()/2*float64(delay)), func() { s.again(o, participant.Input{}, 1) })
}

func (s *hotSKU) item(name string) *hotItem {
	item := s.items[name]
	if item == nil {
		item = &hotItem{writes: perSecond(partitionWrites), reads: perSecond(partitionReads)}
		s.items[name] = item
	}
	return item
}
