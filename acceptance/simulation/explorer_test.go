package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/services/warehouse"
)

// An explorer visits every state that an order can reach, breadth first. A state is what
// the components have of the order, and the stock. A step is a delivery to one component, a
// command or a sweep, with at most one fault.
//
// What was ever published can be delivered in every later state, again and again. So a state
// has no list of messages: it has the set of the published events, and for each component
// the set of those that it has acknowledged. States that differ only in the order in which a
// component handled its events are one.
type explorer struct {
	*corridor

	// pieces are on hand at first.
	pieces int64
	// competes: another order competes for the stock. Orders have nothing else in common, so
	// it is reduced to what this one can notice of it: in any state it takes a piece that is
	// on hand, or returns it. That includes all that the other order can do.
	competes bool

	// states are those that were visited, the nearest first.
	states []visited
	index  map[state]int32
	// transitions counts the steps that lead to another state, and ends the states in which
	// nothing is left to do.
	transitions, ends int
}

// maximumComponents is how many components a state has room for.
const maximumComponents = 6

// state has the number of the order's cell at each component, and that of the stock.
type state struct {
	cells [maximumComponents]int32
	stock int32
	// taken: the other order has a piece.
	taken bool
}

// visited is a state, and the step that first led to it.
type visited struct {
	state

	from, depth int32
	// by is nil for a step of the other order.
	by *move
	// next is the state after the next step towards an end, or the state itself if it is one.
	next int32
}

// finding is a violated invariant with a shortest history that violates it.
type finding struct {
	history    []string
	violations []audit.Violation
}

func (f *finding) String() string { return numbered(f.history, f.violations) }

// explore visits all states, or those up to the first that violates an invariant.
func (x *explorer) explore(ctx context.Context) (*finding, error) {
	x.index = make(map[state]int32)
	first := state{stock: x.stockID(stockOf(x.pieces, x.pieces))}
	for c := range x.consumers {
		first.cells[c] = x.cellID(cell{})
	}
	x.visit(visited{state: first, from: -1})
	for i := int32(0); int(i) < len(x.states); i++ {
		violations, err := x.expand(ctx, i)
		if err != nil {
			return nil, err
		}
		if len(violations) > 0 {
			return &finding{x.historyOf(i), violations}, nil
		}
	}
	if i := x.endless(); i >= 0 {
		return &finding{x.historyOf(i), []audit.Violation{{Invariant: 1, Text: "no end is reached, although no further fault occurs"}}}, nil
	}
	return nil, nil
}

// visit returns the number of a state, and adds it if it is new.
func (x *explorer) visit(v visited) int32 {
	if i, known := x.index[v.state]; known {
		return i
	}
	i := int32(len(x.states))
	x.index[v.state] = i
	if v.from >= 0 {
		v.depth = x.states[v.from].depth + 1
	}
	x.states = append(x.states, v)
	return i
}

// expand visits all states that are one step away, and returns what is wrong with a state.
func (x *explorer) expand(ctx context.Context, i int32) ([]audit.Violation, error) {
	s := x.states[i].state
	if by := x.states[i].by; by != nil && by.problem != nil {
		return []audit.Violation{*by.problem}, nil
	}
	if violations := x.checkStock(s); len(violations) > 0 {
		return violations, nil
	}
	isEnd := true
	x.states[i].next = i
	var changes []audit.Violation
	for c := range x.consumers {
		for _, m := range x.moves(ctx, s, c) {
			after := visited{state: s, from: i, by: m}
			after.cells[c] = m.cell
			if m.adjusts {
				after.stock = m.stock
			}
			x.transitions++
			reached := x.visit(after)
			if m.trigger.isEvent() {
				changes = append(changes, audit.Violation{Invariant: 9, Text: "a redelivery has an effect: " + x.describe(m)})
			}
			if isEnd && m.isForward {
				isEnd, x.states[i].next = false, reached
			}
		}
	}
	if other, canStep := x.compete(s); canStep {
		x.transitions++
		x.visit(visited{state: other, from: i})
	}
	if !isEnd {
		return nil, nil
	}
	x.ends++
	violations, err := x.auditEnd(ctx, s)
	return append(violations, changes...), err
}

// moves returns the steps of a component.
func (x *explorer) moves(ctx context.Context, s state, c int) []*move {
	at := opportunity{component: c, cell: s.cells[c], inbox: x.inbox(s, c)}
	if x.consumers[c].name == contract.SourceWarehouse {
		at.stock = s.stock
	}
	return x.movesAt(ctx, at)
}

// inbox returns the published events that a component consumes.
func (x *explorer) inbox(s state, c int) set {
	var published set
	for other, consumer := range x.consumers {
		if consumer.name != contract.Notification {
			published = published.union(x.cells.values[s.cells[other]].published)
		}
	}
	return published.intersection(x.consumed[c])
}

// compete returns the state after the step of the other order, if there is one.
func (x *explorer) compete(s state) (state, bool) {
	stock := x.stocks.values[s.stock]
	onHand, received := stock.onHand[exploredItem], stock.received[exploredItem]
	switch {
	case !x.competes, !s.taken && onHand < 1:
		return s, false
	case s.taken:
		onHand++
	default:
		onHand--
	}
	s.taken, s.stock = !s.taken, x.stockID(stockOf(onHand, received))
	return s, true
}

// endless returns the number of a state from which no end is reached without a further
// fault, or a negative number.
func (x *explorer) endless() int32 {
	const unknown, passed, ends = 0, 1, 2
	known := make([]byte, len(x.states))
	for i := range x.states {
		var way []int32
		at := int32(i)
		for ; known[at] == unknown && x.states[at].next != at; at = x.states[at].next {
			known[at] = passed
			way = append(way, at)
		}
		if known[at] == passed {
			return at
		}
		known[at] = ends
		for _, before := range way {
			known[before] = ends
		}
	}
	return -1
}

// historyOf returns the steps that lead to a state.
func (x *explorer) historyOf(i int32) []string {
	var steps []string
	for ; x.states[i].from >= 0; i = x.states[i].from {
		step := "the other order takes the piece, or returns it"
		if by := x.states[i].by; by != nil {
			step = x.consumers[by.component].name + ": " + x.describe(by)
		}
		steps = append(steps, step)
	}
	slices.Reverse(steps)
	return steps
}

// auditEnd returns what the auditor and the simulation find wrong with a state in which
// nothing is left to do. What is published stays published: an event that must not be is
// still there at the end.
func (x *explorer) auditEnd(ctx context.Context, s state) ([]audit.Violation, error) {
	if s.taken {
		s, _ = x.compete(s) // The other order is not audited.
	}
	x.reset(ctx, s.stock)
	for c := range x.consumers {
		if err := x.restore(ctx, c, x.cells.values[s.cells[c]]); err != nil {
			return nil, err
		}
	}
	h := &history{world: x.world}
	found := slices.Concat(h.checkAmounts(), h.checkReasons(), h.checkTimelines())
	audited, err := audit.Audit(x.language, x.evidence())
	return append(found, audited...), err
}

// checkStock checks in every state what the audit checks at the end: no counter is
// negative, and received = on hand + reserved + shipped.
func (x *explorer) checkStock(s state) []audit.Violation {
	stock := x.stocks.values[s.stock]
	pieces := maps.Clone(stock.onHand)
	if s.taken {
		pieces[exploredItem]++
	}
	for c := range x.consumers {
		for item, n := range x.records.values[x.cells.values[s.cells[c]].record].pieces {
			pieces[item] += n
		}
	}
	var found []audit.Violation
	for item, n := range pieces {
		if onHand, received := stock.onHand[item], stock.received[item]; onHand < 0 || n != received {
			found = append(found, audit.Violation{
				Invariant: 4, Text: fmt.Sprintf("%s: received %d, but there are %d, of which %d are on hand", item, received, n, onHand),
			})
		}
	}
	return found
}

// exploredItem is the item of the order.
const exploredItem = "stock#123"

// stockOf returns the counters of the order's item.
func stockOf(onHand, received int64) map[string]map[string]int64 {
	if received == 0 {
		return nil
	}
	return map[string]map[string]int64{
		exploredItem: {warehouse.CounterOnHand: onHand, warehouse.CounterReceived: received},
	}
}
