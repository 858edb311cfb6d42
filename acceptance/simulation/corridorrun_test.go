package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// trigger is what a component runs for: the number of an event, a command or a sweep.
type trigger int

const (
	nothing trigger = -1 - iota
	placing
	requestingCancellation
	sweepingBeforeDeadline
	sweepingAfterDeadline
)

// isEvent reports whether a trigger is an event.
func (t trigger) isEvent() bool { return t >= 0 }

func (x *corridor) name(t trigger) string {
	switch t {
	case nothing:
		return "nothing"
	case placing:
		return "the customer places the order"
	case requestingCancellation:
		return "the customer cancels the order"
	case sweepingBeforeDeadline:
		return "a sweep before the deadline"
	case sweepingAfterDeadline:
		return "a sweep after the deadline"
	}
	return x.events.values[t].Type
}

// task returns the task of a trigger.
func (x *corridor) task(c int, t trigger) *task {
	o := exploredOrder()
	switch t {
	case nothing:
		panic("there is no task for nothing")
	case placing:
		x.place(o)
	case requestingCancellation:
		x.cancel(o.OrderID, contract.CancelledByCustomer)
	case sweepingBeforeDeadline, sweepingAfterDeadline:
		after := order.RepublishAfter
		if t == sweepingAfterDeadline {
			after = deadline
		}
		sweep := x.sweeper().run
		return &task{
			component: contract.SourceOrder, isCommand: true, event: event.Event{ID: x.name(t), Type: x.name(t), Subject: o.OrderID},
			run: func(ctx context.Context) error {
				x.skews[sweeping] = after
				return sweep(ctx)
			},
		}
	default:
		e, handle := x.events.values[t], x.consumers[c].handle
		return &task{component: x.consumers[c].name, event: e, at: x.now, run: func(ctx context.Context) error { return handle(ctx, e) }}
	}
	made := x.pending[len(x.pending)-1]
	x.pending = x.pending[:len(x.pending)-1]
	return made
}

// occasion is a run of a component after others, but for its fault. A rival runs between
// two calls of the run, or with it in a batch.
type occasion struct {
	component int

	result
	trigger, rival trigger
	isBatch        bool
}

// outcome is what a run leaves behind. Its published events are its own.
type outcome struct {
	result

	acked set
	// adjusts: it commits an adjustment of the stock, or tries to.
	adjusts bool
	// isClean: no fault has occurred, and no service has refused.
	isClean bool
	// problem is why the trigger can never be handled, or "".
	problem string
	how     string
}

// after returns the result of an outcome after an earlier one.
func (o outcome) after(earlier result) result {
	o.published = o.published.union(earlier.published)
	return o.result
}

// outcomes returns the different outcomes of an occasion, over all faults that can occur
// and all answers. The clean one is the first. One that is the same as another but for a
// missing acknowledgement is left out: an event is delivered again anyway, acknowledged or
// not, and the state with fewer events in transit is the one that may not be an end.
func (x *corridor) outcomes(ctx context.Context, at occasion) []outcome {
	at.published = set{} // It makes no difference to a run.
	if known, made := x.made[at.component].outcomes[at]; made {
		return known
	}
	var found []outcome
	add := func(o outcome) {
		covers := func(other outcome) bool {
			return o.result == other.result && o.problem == other.problem && o.acked.union(other.acked) == other.acked
		}
		if !slices.ContainsFunc(found, covers) {
			found = append(found, o)
		}
	}
	for _, refuse := range []bool{false, true} {
		clean := x.withoutFault(ctx, at, refuse)
		add(clean.outcome)
		for _, f := range clean.avoided {
			if !at.allows(f) {
				continue
			}
			x.choices = 1
			for choice := 0; choice < x.choices; choice++ { //nolint:intrange // Each run sets the number of choices.
				add(x.run(ctx, at, f, refuse, choice))
			}
		}
		if !clean.asked {
			break
		}
	}
	x.made[at.component].outcomes[at] = found
	return found
}

// attempt is an occasion, and whether the services refuse.
type attempt struct {
	occasion

	refuse bool
}

// cleanRun is a run without a fault.
type cleanRun struct {
	outcome

	// avoided are the faults that could have occurred.
	avoided []fault
	// asked: a service was called.
	asked bool
}

// withoutFault makes the run without a fault. A rival that is not in the batch does not run
// then, so the run is the same for all rivals.
func (x *corridor) withoutFault(ctx context.Context, at occasion, refuse bool) cleanRun {
	if !at.isBatch {
		at.rival = nothing
	}
	clean := x.made[at.component].clean
	if known, made := clean[attempt{at, refuse}]; made {
		return known
	}
	x.answers.asked = false
	clear(x.avoided)
	run := cleanRun{outcome: x.run(ctx, at, noFault, refuse, 0), asked: x.answers.asked}
	run.avoided = slices.DeleteFunc(faults(), func(f fault) bool { return !x.avoided[f] })
	clean[attempt{at, refuse}] = run
	return run
}

// allows reports whether a fault is one of an occasion: a rival that is not in the batch
// has to win a race. A run that crashes before it loads has no effect, because it has made
// no call.
func (at occasion) allows(f fault) bool {
	if f == crashesBeforeLoading {
		return false
	}
	isRace := f == losesTheRace || f == callIsOvertaken
	return isRace == (at.rival != nothing && !at.isBatch)
}

// run makes one run, with a fault that occurs, or none.
func (x *corridor) run(ctx context.Context, at occasion, f fault, refuse bool, choice int) outcome {
	x.runs++
	x.reset(ctx, at.stock)
	if err := x.restore(ctx, at.component, cell{result: result{record: at.record, entry: at.entry}}); err != nil {
		panic(err)
	}
	x.answers.refuse = refuse
	x.rival = func(n int) int {
		if at.rival != nothing && !at.isBatch {
			return n - 1
		}
		x.choices = n
		return choice
	}
	triggers := []trigger{at.trigger}
	if at.rival != nothing {
		triggers = append(triggers, at.rival)
	}
	var tasks []*task
	for _, t := range triggers {
		tasks = append(tasks, x.task(at.component, t))
	}
	x.pending = slices.Clone(tasks)
	if at.isBatch {
		x.stepBatch(ctx, tasks, f)
	} else {
		x.step(ctx, 0, f)
	}
	left := x.leftBehind(ctx, at)
	for i, t := range tasks {
		if triggers[i].isEvent() && !slices.Contains(x.pending, t) {
			left.acked = left.acked.with(int(triggers[i]))
		}
	}
	left.isClean, left.how = f == noFault && !refuse, string(f)
	if refuse {
		left.how = strings.TrimPrefix(left.how+", the service refuses", ", ")
	}
	return left
}

// leftBehind returns what the run has left behind in the world.
func (x *corridor) leftBehind(ctx context.Context, at occasion) outcome {
	left := outcome{result: at.result}
	for _, e := range slices.Concat(x.published, x.notified) {
		left.published = left.published.with(x.eventID(e))
	}
	if len(x.stuck) > 0 || len(x.rejected) > 0 {
		left.problem = "it cannot be handled: " + strings.Join(x.log, "; ")
	}
	s := x.stores[x.consumers[at.component].name]
	if s == nil {
		return left
	}
	if s.commits > 0 {
		record, err := s.Store.Load(ctx, exploredOrder().OrderID)
		if err != nil {
			panic(err)
		}
		if before := x.records.values[at.record]; record.Version != before.Version {
			left.record = x.recordID(record)
			if len(record.Handled) <= len(before.Handled) {
				left.problem = "a commit forgets an event that was handled"
			}
		}
	}
	left.entry = x.entryID(x.ledger.entries[exploredOrder().OrderID])
	if left.adjusts = s.adjusts; left.adjusts {
		left.stock = x.stockID(s.AllCounters())
	}
	return left
}

// opportunity is all that the steps of a component depend on.
type opportunity struct {
	component   int
	cell, stock int32
	inbox       set
}

// move is a step of one component.
type move struct {
	occasion

	cell, stock int32
	adjusts     bool
	how         string
	// isForward: it is a step towards an end without a fault. A sweep before the deadline is
	// one, because the sweeper never stops.
	isForward bool
	problem   *audit.Violation
}

// movesAt returns the steps of a component that lead to another state.
func (x *corridor) movesAt(ctx context.Context, at opportunity) []*move {
	if moves, made := x.made[at.component].moves[at]; made {
		return moves
	}
	var moves []*move
	triggers := x.triggers(at)
	for _, t := range triggers {
		run := x.occasion(at, t)
		for _, o := range x.outcomes(ctx, run) {
			moves = x.add(moves, at, run, o)
		}
	}
	for _, pair := range x.pairs(ctx, at, triggers) {
		for _, o := range x.outcomes(ctx, pair) {
			if x.isNew(ctx, pair, o) {
				moves = x.add(moves, at, pair, o)
			}
		}
	}
	x.made[at.component].moves[at] = moves
	return moves
}

// add adds the step of an outcome, if it leads to another state than those before it.
func (x *corridor) add(moves []*move, at opportunity, run occasion, o outcome) []*move {
	acked := x.cells.values[at.cell].acked
	next := cell{o.after(run.result), acked.union(o.acked)}
	next.stock = 0
	m := &move{occasion: run, cell: x.cellID(next), stock: o.stock, adjusts: o.adjusts, how: o.how}
	m.isForward = o.isClean && (run.trigger == sweepingBeforeDeadline || run.trigger.isEvent() && !acked.has(int(run.trigger)))
	if o.problem != "" {
		m.problem = &audit.Violation{Invariant: 8, Order: exploredOrder().OrderID, Text: o.problem}
		return append(moves, m)
	}
	if m.cell == at.cell && m.stock == at.stock {
		return moves
	}
	for _, other := range moves {
		if m.cell == other.cell && m.stock == other.stock {
			other.isForward = other.isForward || m.isForward
			return moves
		}
	}
	return append(moves, m)
}

// occasion returns the run for a trigger.
func (x *corridor) occasion(at opportunity, t trigger) occasion {
	run := occasion{component: at.component, result: x.cells.values[at.cell].result, trigger: t, rival: nothing}
	run.stock = at.stock
	return run
}

// triggers returns all that a component may run for.
func (x *corridor) triggers(at opportunity) []trigger {
	var all []trigger
	if x.consumers[at.component].name == contract.SourceOrder {
		all = append(all, placing, sweepingBeforeDeadline)
		if x.scope >= cancelled {
			all = append(all, requestingCancellation, sweepingAfterDeadline)
		}
	}
	for n := range x.events.values {
		if at.inbox.has(n) {
			all = append(all, trigger(n))
		}
	}
	return all
}

// pairs returns the races that a component can run, and the batches. A run loses a race only
// if both commit.
func (x *corridor) pairs(ctx context.Context, at opportunity, triggers []trigger) []occasion {
	if x.scope < raced {
		return nil
	}
	commits := func(t trigger) bool {
		run := x.occasion(at, t)
		return x.outcomes(ctx, run)[0].record != run.record
	}
	triggers = slices.DeleteFunc(slices.Clone(triggers), func(t trigger) bool { return !commits(t) })
	var pairs []occasion
	for _, t := range triggers {
		for _, rival := range triggers {
			pair := x.occasion(at, t)
			pair.rival = rival
			pairs = append(pairs, pair)
			if x.scope >= inBatches && t.isEvent() && rival.isEvent() && t != rival {
				pair.isBatch = true
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// isNew reports whether a race or a batch has an outcome that the same runs one after the
// other do not have, or acknowledges an event that they would not.
func (x *corridor) isNew(ctx context.Context, pair occasion, o outcome) bool {
	ordinary := []result{pair.result}
	for _, t := range []trigger{pair.trigger, pair.rival, pair.trigger} {
		ordinary = x.then(ctx, pair, ordinary, t)
	}
	after := o.after(pair.result)
	if o.problem != "" || !slices.Contains(ordinary, after) {
		return true
	}
	for n := range x.events.values {
		again := occasion{component: pair.component, result: after, trigger: trigger(n), rival: nothing}
		if o.acked.has(n) && x.outcomes(ctx, again)[0].after(after) != after {
			return true
		}
	}
	return false
}

// then returns the results with those to which another run leads from them.
func (x *corridor) then(ctx context.Context, at occasion, results []result, t trigger) []result {
	all := slices.Clone(results)
	for _, earlier := range results {
		next := occasion{component: at.component, result: earlier, trigger: t, rival: nothing}
		for _, o := range x.outcomes(ctx, next) {
			if after := o.after(earlier); !slices.Contains(all, after) {
				all = append(all, after)
			}
		}
	}
	return all
}

// describe returns what happens in a step.
func (x *corridor) describe(m *move) string {
	text := x.name(m.trigger)
	switch {
	case m.isBatch:
		text += ", in a batch with " + x.name(m.rival)
	case m.rival != nothing:
		text += ", raced by " + x.name(m.rival)
	}
	if m.how != "" {
		text += fmt.Sprintf(" (%s)", m.how)
	}
	return text
}
