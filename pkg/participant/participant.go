// Package participant is the corridor that every event of a saga walks through
// in a bounded context: load, decide, commit, publish. It gives effectively-once
// processing on at-least-once delivery, without locks or leases.
//
//	first time   load ─▶ decide ─▶ commit ─▶ publish
//	again        load ───────────────────▶ publish      (writes nothing)
//	lost race    load ─▶ decide ─▶ commit refused ─▶ load ─▶ …
//
// One record per saga and context says what the context has handled, what it did
// and what it published, and is written in one conditional write. Whoever
// handles an event a second time finds it there and publishes the same events
// again, with the same ids: an id is derived from the cause, the type and the
// ordinal. A crash at any point is healed by redelivery.
//
// You give a Decide, which is best pure, a Store (packages dynamo and memory), a
// Publisher (package eventbridge) and a Language, which decodes and checks the
// data of your events. Handle is for events, Execute for commands that come with
// an idempotency key, such as HTTP requests.
//
// Errors of Handle: event.ErrInvalid can never succeed (an absent key, data
// against the language, older than the retention, too large to commit or to
// publish) and belongs in a dead-letter queue. Any other is cured by redelivery:
// ErrConflict after eight lost races, ErrUnpublished when what is committed is
// still to be published, or what the store, the publisher or Decide said.
//
// The outside world is asked in Decide, before the commit: with a key that makes
// asking twice harmless, because a run may die in between.
//
// Unlike the idempotency utility of Powertools for AWS Lambda, this one commits
// the effect and the fact that it was handled in the same write, so that neither
// exists without the other, and needs no in-progress record, no lease and no
// expiry of one; it fences late writers by version; and a second run publishes
// the events of the first and no new ones. It does not keep the answer of a
// function: the state is the answer.
//
// What it costs in calls and units is in the documentation of package dynamo.
package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/saga/pkg/event"
)

// ErrUnpublished says that what was decided is committed and stands, but that
// not everything it publishes is published. It will be when the same event or
// command comes again, or by Republish.
var ErrUnpublished = errors.New("committed, but not all published")

// Publisher publishes events in order. After an error, some may be published.
type Publisher interface {
	Publish(ctx context.Context, events ...event.Event) error
}

// Language gives and checks the data of events.
type Language interface {
	// Read gives the data of an event, or event.ErrInvalid.
	Read(event.Event) (event.Data, error)
	// Write completes an event to be published with its schema, and checks it.
	Write(event.Event) (event.Event, error)
}

// Input is all that a decision may depend on, besides the state.
type Input struct {
	Event event.Event
	Data  event.Data
	Now   time.Time
	// Refused are the items that had not enough when the same decision was
	// about to be committed a moment ago.
	Refused []string
}

// Decision is the outcome of an event: the new state, the data of the events to
// publish and the adjustments of other items.
type Decision[S any] struct {
	State       S
	Events      []event.Data
	Adjustments []Adjustment
}

// Decide is a context's decision. A context whose decision is pure ignores the
// context; one that must ask the outside world (a payment provider) asks it
// here, with a key that makes asking twice harmless.
type Decide[S any] func(ctx context.Context, state S, in Input) (Decision[S], error)

// Pure makes a Decide of a pure function.
func Pure[S any](decide func(S, Input) (Decision[S], error)) Decide[S] {
	return func(_ context.Context, state S, in Input) (Decision[S], error) { return decide(state, in) }
}

// Participant is one bounded context in the saga. All fields are required but
// Due, Committed and TraceParent.
type Participant[S any] struct {
	// Source is the name of the context, the source of what it publishes.
	Source    string
	Decide    Decide[S]
	Store     Store
	Publisher Publisher
	Language  Language
	Clock     func() time.Time
	// Retention is how long a handled event is remembered. It must be longer
	// than the longest redelivery: an older event is refused as invalid, since
	// nobody could tell any more whether it was handled.
	Retention time.Duration
	// Pause waits before attempt number n (1, 2, …) after a lost race.
	Pause func(ctx context.Context, n int) error
	// Due tells when somebody must look at a record in this state if nothing
	// ends it before, or zero. Everyone who commits in the context needs the
	// same one, because a commit replaces what the record said. Without it
	// nothing is ever due.
	Due func(S) time.Time
	// Committed, if set, is told of every commit, right after it: the state
	// before and after, and the input. It is not told of an event that was
	// handled before, so that whoever counts with it counts nothing twice. A
	// process that dies in between, or an answer of the store that is lost,
	// keeps a commit from it: it is for measuring, and for nothing else.
	Committed func(ctx context.Context, before, after S, in Input)
	// TraceParent gives the trace parent of the work that is under way, which the
	// events it publishes carry; or nothing. It is committed with them, so that
	// they carry the same one whenever they are published again.
	TraceParent func(context.Context) string
}

// tolerance is how much longer than its retention a handled event is
// remembered: the clocks of a context's functions differ, and a store may round
// times.
const tolerance = time.Hour

// maximumAttempts bounds how many races are lost before redelivery takes over.
const maximumAttempts = 8

// Handle handles an event of the published language.
func (p *Participant[S]) Handle(ctx context.Context, e event.Event) error {
	if err := identified(e); err != nil {
		return err
	}
	data, err := p.Language.Read(e)
	if err != nil {
		return err
	}
	if oldest := p.Clock().Add(-p.Retention); e.Time.Before(oldest) {
		return fmt.Errorf("%w: %s %s is of %s: what was handled before %s is forgotten",
			event.ErrInvalid, e.Type, e.ID, e.Time.Format(time.RFC3339), oldest.Format(time.RFC3339))
	}
	_, err = p.run(ctx, event.Cause{Event: e}, data)
	return err
}

// Load gives what is recorded for a subject: nothing if the record has Version 0.
func (p *Participant[S]) Load(ctx context.Context, subject string) (S, Record, error) {
	record, err := p.Store.Load(ctx, subject)
	if err != nil {
		var none S
		return none, record, err
	}
	state, err := decodeState[S](record)
	return state, record, err
}

// Execute handles a command from outside of the saga and gives the state after
// it. The same ID is the same command: it is executed once. The state is right
// even if the error is ErrUnpublished.
func (p *Participant[S]) Execute(ctx context.Context, command event.Event, data event.Data) (S, error) {
	if err := identified(command); err != nil {
		var none S
		return none, err
	}
	return p.run(ctx, event.Cause{Event: command, IsCommand: true}, data)
}

func (p *Participant[S]) run(ctx context.Context, cause event.Cause, data event.Data) (S, error) {
	in := Input{Event: cause.Event, Data: data}
	for attempt := 1; ; attempt++ {
		in.Now = p.Clock().UTC().Truncate(time.Millisecond)
		state, published, err := p.attempt(ctx, cause, in)
		if err == nil {
			return state, p.publish(ctx, cause, published)
		}
		refused, isRefused := errors.AsType[*RefusedError](err)
		lost := errors.Is(err, ErrConflict)
		if attempt == maximumAttempts || (!isRefused && !lost) {
			return state, fmt.Errorf("%s handles %s %s: %w", p.Source, cause.Event.Type, cause.Event.ID, err)
		}
		in.Refused = nil
		if isRefused {
			in.Refused = refused.Items
			continue
		}
		if paused := p.Pause(ctx, attempt); paused != nil {
			return state, fmt.Errorf("%s handles %s %s: %w, and then: %w", p.Source, cause.Event.Type, cause.Event.ID, err, paused)
		}
	}
}

// attempt loads, decides and commits once, and gives what is to be published.
func (p *Participant[S]) attempt(ctx context.Context, cause event.Cause, in Input) (S, []event.Event, error) {
	state, record, err := p.Load(ctx, cause.Event.Subject)
	if err != nil {
		return state, nil, err
	}
	if published, handled := record.find(cause.Event); handled {
		return state, published, nil
	}
	if err := p.check(record, cause.Event, state, in.Now); err != nil {
		return state, nil, err
	}
	decision, err := p.Decide(ctx, state, in)
	if err != nil {
		return state, nil, err
	}
	if err := named(decision.Adjustments); err != nil {
		return state, nil, err
	}
	published, err := p.outgoing(ctx, cause, decision.Events, in.Now)
	if err != nil {
		return state, nil, err
	}
	next, err := p.next(record, cause.Event, decision.State, published, in.Now)
	if err != nil {
		return state, nil, err
	}
	if err := p.Store.Commit(ctx, next, decision.Adjustments); err != nil {
		return state, nil, err
	}
	if p.Committed != nil {
		p.Committed(ctx, state, decision.State, in)
	}
	return decision.State, published, nil
}

// outgoing makes the events to publish and checks them, so that what could not
// be published later is not committed now.
func (p *Participant[S]) outgoing(ctx context.Context, cause event.Cause, data []event.Data, now time.Time) ([]event.Event, error) {
	var published []event.Event
	for ordinal, d := range data {
		e, err := event.Caused(cause, p.Source, d, ordinal, now)
		if err != nil {
			return nil, err
		}
		if p.TraceParent != nil {
			e.TraceParent = p.TraceParent(ctx)
		}
		if e, err = p.Language.Write(e); err != nil {
			return nil, err
		}
		if _, err := event.Encode(e); err != nil {
			return nil, err
		}
		published = append(published, e)
	}
	return published, nil
}

// next is the record after the cause was handled, without what is forgotten:
// nothing is while the same event would be accepted again.
func (p *Participant[S]) next(record Record, handled event.Event, state S, published []event.Event, now time.Time) (Record, error) {
	encoded, err := json.Marshal(state)
	if err != nil {
		return Record{}, fmt.Errorf("encode the state of %s: %w", record.Subject, err)
	}
	all := append(slices.Clip(record.Handled), Handled{
		Source:      handled.Source,
		ID:          handled.ID,
		Type:        handled.Type,
		CausationID: handled.CausationID,
		Time:        handled.Time.UTC().Truncate(time.Millisecond),
		At:          now,
		Published:   published,
	})
	next := Record{Subject: handled.Subject, Version: record.Version, State: encoded}
	for _, h := range all {
		if until := latest(h.At, h.Time).Add(p.Retention + tolerance); until.After(now) {
			next.Handled = append(next.Handled, h)
			next.ExpiresAt = latest(next.ExpiresAt, until)
		}
	}
	if p.Due != nil {
		next.Due = p.Due(state).Truncate(time.Second)
	}
	if !next.Due.IsZero() {
		next.ExpiresAt = time.Time{} // Nobody would look at it any more.
	}
	return next, nil
}

// latest gives the later of two times: the clock of an event's publisher may run
// ahead, or behind.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (p *Participant[S]) publish(ctx context.Context, cause event.Cause, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := p.Publisher.Publish(ctx, events...); err != nil {
		return fmt.Errorf("%s publishes because of %s %s: %w: %w", p.Source, cause.Event.Type, cause.Event.ID, ErrUnpublished, err)
	}
	return nil
}
