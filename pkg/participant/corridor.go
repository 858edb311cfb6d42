package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/internal/safely"
)

// maximumAttempts is how often an event is tried before redelivery is left to the
// caller.
const maximumAttempts = 8

// errGuessed means that a task has failed on a guessed record. The error is not final,
// because there may be another record.
var errGuessed = errors.New("decided on a guessed record")

// view is what is known of a record: it was loaded, or is guessed to be empty.
type view struct {
	record    Record
	isGuessed bool
}

// guess returns the view of a task that begins a record, or nil for another one.
func (p *Participant[S]) guess(t *task) *view {
	for _, begins := range p.config.Begins {
		if begins.EventType() == t.data.EventType() {
			return &view{isGuessed: true}
		}
	}
	return nil
}

// run decides on the tasks of one saga in their order, commits what they decide with one
// commit, and sets their results. It begins with a view of the record, or loads it. It
// returns the record after the tasks, or reports that each may have another result if it
// is run alone. Two tasks that adjust one item are such, because a Store refuses both in
// one commit: in their sum, one would take what the other returns.
func (p *Participant[S]) run(ctx context.Context, tasks []*task, v *view) (record Record, divisible bool) {
	var in Input
	for attempt := 1; ; attempt++ {
		var err error
		if v == nil {
			v = new(view)
			v.record, err = p.config.Store.Load(ctx, tasks[0].Event.Subject)
		}
		if err == nil {
			record, err = p.attempt(ctx, tasks, *v, in)
		}
		items, isRefused := errors.AsType[*RefusedError](err)
		conflict, isStanding := errors.AsType[*ConflictError](err)
		_, isNeeded := errors.AsType[*needError](err)
		isLost := errors.Is(err, ErrConflict)
		switch {
		case err == nil:
			return record, false
		case errors.Is(err, errGuessed):
			v, in = nil, Input{}
			continue
		case v.isGuessed && isStanding:
			v, in = &view{record: conflict.Standing}, Input{}
			continue
		case len(tasks) > 1:
			p.fail(tasks, err)
			return Record{}, isRefused || isLost || isNeeded || errors.Is(err, event.ErrInvalid)
		case attempt >= maximumAttempts, !isRefused && !isLost:
			p.fail(tasks, err)
			return record, false
		case isRefused:
			in = Input{Refused: items.Items, Counters: items.Counters}
			continue
		}
		v, in = nil, Input{}
		if paused := p.config.Pause(ctx, attempt); paused != nil {
			p.fail(tasks, fmt.Errorf("%w, and then: %w", err, paused))
			return record, false
		}
	}
}

// attempt decides on the tasks and commits once, after what a decision on a single task
// needs first. It begins with what is known of the adjusted items.
func (p *Participant[S]) attempt(ctx context.Context, tasks []*task, v view, known Input) (Record, error) {
	for range maximumSteps {
		record, err := p.decideAll(ctx, tasks, v, known)
		needed, isNeeded := errors.AsType[*needError](err)
		if !isNeeded || len(tasks) > 1 {
			return record, err
		}
		if known, err = p.provide(ctx, needed, known); err != nil {
			return record, err
		}
	}
	return v.record, fmt.Errorf("%w: its decision needs more than %d reads and moves", ErrConflict, maximumSteps)
}

// decideAll decides on the tasks and commits once. The error is that of all tasks; a task
// that has failed alone has an error of its own.
func (p *Participant[S]) decideAll(ctx context.Context, tasks []*task, v view, known Input) (Record, error) {
	if err := p.checkOwner(v.record); err != nil {
		return v.record, err
	}
	plan := &plan{next: v.record}
	now := p.config.Clock().UTC().Truncate(time.Millisecond)
	for i, t := range tasks {
		t.reset()
		in := Input{Event: t.Event, Data: t.data, Now: now, Refused: known.Refused, Counters: known.Counters}
		err := safely.Call(func() error { return p.decide(ctx, plan, t, in) })
		_, isNeeded := errors.AsType[*needError](err)
		switch {
		case err == nil:
			continue
		case isNeeded:
			return plan.next, err
		case v.isGuessed:
			return plan.next, errGuessed
		}
		p.fail(tasks[i:i+1], err)
		if t.blocks() {
			p.fail(tasks[i+1:], err)
			break
		}
	}
	err := p.commit(ctx, plan)
	if v.isGuessed && errors.Is(err, event.ErrInvalid) {
		return plan.next, errGuessed
	}
	return plan.next, err
}

// plan is what the tasks of a saga have decided, and what is to be committed.
type plan struct {
	next        Record
	adjustments []Adjustment
	steps       []step
}

// step is one task that has been decided on, with the records before and after it.
type step struct {
	task          *task
	before, after Record
	in            Input
}

// repeat makes the result of a task that was handled before, or by an earlier step of the
// plan.
func (plan *plan) repeat(t *task, handled Handled) error {
	t.published, t.outcome = handled.Published, Duplicate
	for _, s := range plan.steps {
		if s.in.Event.Source == t.Event.Source && s.in.Event.ID == t.Event.ID {
			t.original, t.published = s.task, nil
		}
	}
	return handled.checkContent(t)
}

// decide decides on one task and adds the decision to the plan. The context of the task
// ends with ctx.
func (p *Participant[S]) decide(ctx context.Context, plan *plan, t *task, in Input) error {
	if handled, found := plan.next.find(t.Event); found {
		return plan.repeat(t, handled)
	}
	state, err := p.state(plan.next)
	if err != nil {
		return err
	}
	if err := p.checkCommittable(plan.next, t, in.Now); err != nil {
		return err
	}
	deciding, cancel := withDeadlineOf(ctx, t.Context)
	defer cancel()
	decision, err := safely.Result(deciding, func() (Decision[S], error) { return p.config.Decide(deciding, state, in) })
	if err != nil {
		return err
	}
	if plan.next.Erased {
		t.outcome = Ignored
		return nil
	}
	if len(decision.Reads)+len(decision.Moves) > 0 {
		return &needError{decision.Reads, decision.Moves}
	}
	published, err := p.outgoingEvents(t, decision.Events, in.Now)
	if err != nil {
		return err
	}
	next, err := p.nextRecord(plan.next, t, decision.State, published, in.Now)
	if err != nil {
		return err
	}
	if _, err := p.state(next); err != nil {
		return fmt.Errorf("%w: the new state cannot be read back: %w", event.ErrInvalid, err)
	}
	plan.steps = append(plan.steps, step{t, plan.next, next, in})
	plan.next = next
	plan.adjustments = append(plan.adjustments, decision.Adjustments...)
	t.published, t.outcome = published, First
	return nil
}

// withDeadlineOf returns ctx, which ends at the deadline of another context at the latest.
func withDeadlineOf(other, ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := other.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

// commit commits the plan, if there is anything to commit.
func (p *Participant[S]) commit(ctx context.Context, plan *plan) error {
	if len(plan.steps) == 0 {
		return nil
	}
	if err := p.config.Store.Commit(ctx, plan.next, plan.adjustments); err != nil {
		return err
	}
	for _, s := range plan.steps {
		if err := p.committed(s); err != nil {
			return err
		}
	}
	return nil
}

// committed calls Committed with states of its own: it can change neither what is stored
// nor what another call gets.
func (p *Participant[S]) committed(s step) error {
	if p.config.Committed == nil {
		return nil
	}
	before, err := p.state(s.before)
	if err != nil {
		return err
	}
	after, err := p.state(s.after)
	if err != nil {
		return err
	}
	p.config.Committed(s.task.Context, before, after, s.in)
	return nil
}

// outgoingEvents makes the events to publish and checks them, so that no event is
// committed that can never be published.
func (p *Participant[S]) outgoingEvents(t *task, data []event.Data, now time.Time) ([]event.Event, error) {
	var published []event.Event
	for ordinal, d := range data {
		other, isAbout := d.(about)
		if isAbout {
			d = other.Data
		}
		e, err := event.Caused(t.cause(), p.config.Source, d, ordinal, now)
		if err != nil {
			return nil, err
		}
		if isAbout {
			e.Subject = other.subject
		}
		if p.config.TraceParent != nil {
			e.TraceParent = p.config.TraceParent(t.Context)
		}
		if e, err = p.config.Language.Seal(e); err != nil {
			return nil, err
		}
		if _, err := event.Encode(e); err != nil {
			return nil, err
		}
		published = append(published, e)
	}
	return published, nil
}

// nextRecord returns the record after a task.
func (p *Participant[S]) nextRecord(record Record, t *task, state S, published []event.Event, now time.Time) (Record, error) {
	encoded, err := json.Marshal(state)
	if err != nil {
		return Record{}, fmt.Errorf("%w: the state of %s cannot be encoded: %w", event.ErrInvalid, t.Event.Subject, err)
	}
	next := Record{Subject: t.Event.Subject, Owner: p.config.Source, Version: record.Version, State: encoded, Handled: record.Handled}
	if p.config.Due != nil {
		next.Due = p.config.Due(state).Truncate(time.Second)
	}
	if p.config.KeepUntil != nil {
		next.ExpiresAt = p.config.KeepUntil(state).UTC()
	}
	next = p.remember(next, t, published, now)
	if p.config.Entry != nil {
		if next, err = next.withEntry(p.config.Entry(state)); err != nil {
			return Record{}, err
		}
	}
	if !next.Due.IsZero() {
		next.ExpiresAt = time.Time{} // An expired record would never be found due.
	}
	return next, nil
}
