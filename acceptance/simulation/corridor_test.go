package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// corridor runs the real corridor of each component on what the component has of one order,
// with each fault at each place. What a run leaves behind depends on nothing else: the
// decisions are pure, the clock stands still, and the sandbox of each service either
// accepts or refuses. So each run is made once.
type corridor struct {
	*world
	*numbers

	answers *answers
	scope   scope

	// made has the runs of each component that were made.
	made [maximumComponents]known
	// runs counts them.
	runs int
	// choices is among how many things a fault has chosen in the last run.
	choices int
}

// scope is how much can happen to an order. Each has all that those before it have.
type scope int

const (
	// calm: every fault of a run and every answer of a service, but no cancellation.
	calm scope = iota
	// cancelled: a request to cancel and the deadline, at any time.
	cancelled
	// raced: two runs for the same record at the same time.
	raced
	// inBatches: two events in one batch.
	inBatches
)

func (s scope) String() string {
	return []string{"faults", "cancellations", "races", "batches"}[s]
}

// known is what is known of a component.
type known struct {
	clean    map[attempt]cleanRun
	outcomes map[occasion][]outcome
	moves    map[opportunity][]*move
}

// numbers are those of all values that are part of a state.
type numbers struct {
	records interned[string, keptRecord]
	entries interned[sandbox.Entry, sandbox.Entry]
	stocks  interned[string, stocked]
	cells   interned[cell, cell]
	events  interned[string, event.Event]
	// consumed has the events that each component consumes.
	consumed [maximumComponents]set
}

// cell is what a component has of an order: what its runs have left behind, and the events
// that it has acknowledged.
type cell struct {
	result

	acked set
}

// result is what runs of a component leave behind: the record, the entry in the provider's
// ledger, the stock, and the published events. A cell has no stock, which is no component's.
// The endpoint publishes nothing, and has the events of which it was notified.
type result struct {
	record, entry, stock int32
	published            set
}

// keptRecord is a record, and the pieces that are reserved or shipped by it.
type keptRecord struct {
	participant.Record

	pieces map[string]int64
}

// stocked is the counters of all items.
type stocked struct {
	counters         map[string]map[string]int64
	onHand, received map[string]int64
}

// answers are those of the services that the contexts call: all accept, or all refuse.
type answers struct {
	*ledger

	refuse bool
	// asked: a service was called.
	asked bool
}

// Open implements sandbox.Ledger: the first answer is kept.
func (a *answers) Open(ctx context.Context, reference string, entry sandbox.Entry) (sandbox.Entry, error) {
	a.asked = true
	entry.Accepted = entry.Accepted && !a.refuse
	return a.ledger.Open(ctx, reference, entry)
}

// Delivers implements warehouse.Carrier.
func (a *answers) Delivers(context.Context, string) (bool, error) {
	a.asked = true
	return !a.refuse, nil
}

// Blocked implements loyalty.Customers.
func (a *answers) Blocked(context.Context, string) (bool, error) {
	a.asked = true
	return a.refuse, nil
}

// newCorridor makes the corridor with the right decisions, or with a mistake in them.
func newCorridor(language participant.Language, scope scope, mistake func(*decisions, sandbox.Ledger)) *corridor {
	l := newLedger()
	a := &answers{ledger: l}
	d := sandboxed(a)
	d.warehouse, d.loyalty = warehouse.Decider(a), loyalty.Decider(a)
	if mistake != nil {
		mistake(&d, a)
	}
	x := &corridor{world: newWorld(language, d, l), numbers: new(numbers), answers: a, scope: scope}
	x.tick = 0
	x.recordID(participant.Record{})
	x.entryID(sandbox.Entry{})
	for c := range x.made {
		x.made[c] = known{make(map[attempt]cleanRun), make(map[occasion][]outcome), make(map[opportunity][]*move)}
	}
	return x
}

// withMistakeIn returns a corridor with a mistake in the decisions of one component. The
// runs of the others are those of the right one.
func (x *corridor) withMistakeIn(component string, language participant.Language, scope scope, mistake func(*decisions, sandbox.Ledger)) *corridor {
	mistaken := newCorridor(language, scope, mistake)
	mistaken.numbers = x.clone()
	for c, consumer := range x.consumers {
		if consumer.name != component {
			mistaken.made[c].outcomes = maps.Clone(x.made[c].outcomes)
		}
	}
	return mistaken
}

func (n *numbers) clone() *numbers {
	return &numbers{n.records.clone(), n.entries.clone(), n.stocks.clone(), n.cells.clone(), n.events.clone(), n.consumed}
}

// exploredOrder is the order of which runs are made.
func exploredOrder() contract.OrderPlaced {
	o := placed
	o.Items = []contract.Item{{SKU: "123", Quantity: 1, Price: 1250, Currency: "EUR"}}
	return o
}

// interned numbers values.
type interned[K comparable, V any] struct {
	ids    map[K]int32
	values []V
}

func (n *interned[K, V]) clone() interned[K, V] {
	return interned[K, V]{maps.Clone(n.ids), slices.Clone(n.values)}
}

func (n *interned[K, V]) id(key K, value func() V) int32 {
	if id, known := n.ids[key]; known {
		return id
	}
	if n.ids == nil {
		n.ids = make(map[K]int32)
	}
	id := int32(len(n.values))
	n.ids[key] = id
	n.values = append(n.values, value())
	return id
}

func (x *corridor) cellID(c cell) int32 { return x.cells.id(c, func() cell { return c }) }

func (x *corridor) entryID(e sandbox.Entry) int32 {
	return x.entries.id(e, func() sandbox.Entry { return e })
}

func (x *corridor) stockID(counters map[string]map[string]int64) int32 {
	return x.stocks.id(fmt.Sprint(counters), func() stocked {
		s := stocked{counters, make(map[string]int64), make(map[string]int64)}
		for item, counts := range counters {
			s.onHand[item], s.received[item] = counts[warehouse.CounterOnHand], counts[warehouse.CounterReceived]
		}
		return s
	})
}

// recordID returns the number of a record. The order in which events were handled, and the
// number of commits, make no difference to what follows. Nor do times, which are all the
// same: they are not in the key.
func (x *corridor) recordID(record participant.Record) int32 {
	record.Version = min(record.Version, 1)
	slices.SortFunc(record.Handled, func(a, b participant.Handled) int { return strings.Compare(a.Source+a.ID, b.Source+b.ID) })
	key := fmt.Appendf(nil, "%d %s %t %v", record.Version, record.State, record.Erased, record.Entry)
	for _, h := range record.Handled {
		key = append(append(append(key, '\n'), h.ID...), h.Digest...)
		for _, e := range h.Published {
			key = append(append(append(key, ' '), e.ID...), e.Data...)
		}
	}
	return x.records.id(string(key), func() keptRecord { return keptRecord{record, piecesOf(record)} })
}

// piecesOf returns the pieces that are reserved or shipped by a record. Those of the other
// contexts have none.
func piecesOf(record participant.Record) map[string]int64 {
	pieces := make(map[string]int64)
	var s warehouse.State
	if json.Unmarshal(record.State, &s) == nil {
		for _, held := range slices.Concat(s.Reserved(), s.Shipped()) {
			pieces[warehouse.StockItem(held.SKU)] += held.Quantity
		}
	}
	return pieces
}

// eventID returns the number of an event. Two contents under one id are two events.
func (x *corridor) eventID(e event.Event) int {
	key := strings.Join([]string{
		e.ID, e.Source, e.Type, e.Subject, e.Time.Format(time.RFC3339Nano), e.DataSchema, e.CorrelationID, e.CausationID, e.TraceParent, string(e.Data),
	}, "\n")
	n := int(x.events.id(key, func() event.Event { return e }))
	for c, consumer := range x.consumers {
		if slices.Contains(consumer.consumes, e.Type) {
			x.consumed[c] = x.consumed[c].with(n)
		}
	}
	return n
}

// set is a set of events, by their numbers.
type set [2]uint64

func (s set) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }

func (s set) with(n int) set {
	s[n/64] |= 1 << (n % 64)
	return s
}

func (s set) union(other set) set        { return set{s[0] | other[0], s[1] | other[1]} }
func (s set) intersection(other set) set { return set{s[0] & other[0], s[1] & other[1]} }

// reset empties the world, but for the stock.
func (x *corridor) reset(ctx context.Context, stock int32) {
	for _, s := range x.stores {
		s.Store, s.commits, s.adjusts = memory.NewStore(), 0, false
	}
	x.ledger.Memory = sandbox.NewMemory()
	clear(x.ledger.entries)
	clear(x.contents)
	clear(x.rejected)
	x.pending, x.published, x.notified, x.stuck, x.log = nil, nil, []event.Event{}, nil, nil
	var received []participant.Adjustment
	for item, counts := range x.stocks.values[stock].counters {
		received = append(received, participant.Adjustment{Item: item, Add: counts})
	}
	if len(received) == 0 {
		return
	}
	receipt := participant.Record{Subject: "receipt", State: json.RawMessage(`{}`)}
	if err := x.stores[contract.SourceWarehouse].Store.Commit(ctx, receipt, received); err != nil {
		panic(err)
	}
}

// restore puts what a component has of the order into the world.
func (x *corridor) restore(ctx context.Context, c int, has cell) error {
	id := exploredOrder().OrderID
	if record := x.records.values[has.record].Record; record.Version > 0 {
		record.Version = 0
		if err := x.stores[x.consumers[c].name].Store.Commit(ctx, record, nil); err != nil {
			return err
		}
	}
	if entry := x.entries.values[has.entry]; entry != (sandbox.Entry{}) {
		if _, err := x.ledger.Memory.Open(ctx, id, entry); err != nil {
			return err
		}
		x.ledger.entries[id] = entry
	}
	into := &x.published
	if x.consumers[c].name == contract.Notification {
		into = &x.notified
	}
	for n, e := range x.events.values {
		if has.published.has(n) {
			*into = append(*into, e)
		}
	}
	return nil
}
