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
// publish, an id that was handled with other content) and belongs in a
// dead-letter queue. Any other is cured by redelivery:
// ErrConflict after eight lost races, ErrUnpublished when what is committed is
// still to be published, or what the store, the publisher or Decide said.
//
// Erase replaces what is recorded about a saga by a tombstone, which ignores
// whatever comes later.
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
	"math/rand/v2"
	"slices"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/required"
)

// ErrUnpublished says that what was decided is committed and stands, but that
// not everything it publishes is published. It will be when the same event or
// command comes again, or by Republish.
var ErrUnpublished = errors.New("committed, but not all published")

// Publisher publishes events in order. After an error, some may be published.
type Publisher interface {
	Publish(ctx context.Context, events ...event.Event) error
}

// Language checks events, and decodes their data.
type Language interface {
	// Decode returns the data of an event, or event.ErrInvalid.
	Decode(event.Event) (event.Data, error)
	// Seal completes an event before its publication with its schema, and checks it.
	Seal(event.Event) (event.Event, error)
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

// Config is what a Participant is made of. Clock, Pause, Due, Committed and
// TraceParent may be left out.
type Config[S any] struct {
	// Source is the name of the context, the source of what it publishes.
	Source    string
	Decide    Decide[S]
	Store     Store
	Publisher Publisher
	Language  Language
	// Retention is how long a handled event is remembered. It must be longer
	// than the longest redelivery: an older event is refused as invalid, because
	// it is unknown whether it was handled.
	Retention time.Duration
	// Clock returns the current time: by default time.Now.
	Clock func() time.Time
	// Pause waits before attempt number n (1, 2, …) after a lost race: by default
	// Jitter.
	Pause func(ctx context.Context, n int) error
	// Due returns when a record in this state must be looked at if nothing ends it
	// before, or zero. All functions of a context need the same one, because a
	// commit replaces what the record said. Without it nothing is ever due.
	Due func(S) time.Time
	// Committed, if set, is called right after every commit with the state before
	// and after, and the input; not for an event that was handled before, so that
	// what it counts is counted once. A process that dies in between, or an answer
	// of the store that is lost, skips a call: it is for measuring only.
	Committed func(ctx context.Context, before, after S, in Input)
	// TraceParent returns the trace parent of the work that is under way, which the
	// events it publishes carry; or nothing. It is committed with them, so that
	// they carry the same one whenever they are published again.
	TraceParent func(context.Context) string
}

// Participant is one bounded context in the saga. It is safe for concurrent use
// if what it is made of is.
type Participant[S any] struct {
	config Config[S]
}

// New makes a participant. The error names every required field that is missing.
func New[S any](config Config[S]) (*Participant[S], error) {
	if err := required.Fields(fmt.Sprintf("participant %q", config.Source), map[string]bool{
		"Source":    config.Source != "",
		"Decide":    config.Decide != nil,
		"Store":     config.Store != nil,
		"Publisher": config.Publisher != nil,
		"Language":  config.Language != nil,
		"Retention": config.Retention > 0,
	}); err != nil {
		return nil, err
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // This is the clock that is taken.
	}
	if config.Pause == nil {
		config.Pause = Jitter(rand.Float64)
	}
	return &Participant[S]{config}, nil
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
	data, err := p.config.Language.Decode(e)
	if err != nil {
		return err
	}
	if oldest := p.config.Clock().Add(-p.config.Retention); e.Time.Before(oldest) {
		return fmt.Errorf("%w: %s %s is of %s: what was handled before %s is forgotten",
			event.ErrInvalid, e.Type, e.ID, e.Time.Format(time.RFC3339), oldest.Format(time.RFC3339))
	}
	content, err := digestOfEvent(e)
	if err != nil {
		return err
	}
	_, err = p.run(ctx, cause{event.Cause{Event: e}, content}, data)
	return err
}

// Load gives what is recorded for a subject: nothing if the record has Version 0.
func (p *Participant[S]) Load(ctx context.Context, subject string) (S, Record, error) {
	record, err := p.config.Store.Load(ctx, subject)
	if err != nil {
		var none S
		return none, record, err
	}
	state, err := decodeState[S](record)
	return state, record, err
}

// Execute handles a command from outside of the saga and returns the state after
// it. The same ID is the same command: it is executed once. With other data it is
// ErrOtherContent; members that JSON leaves out do not count. The state is right
// even if the error is ErrUnpublished.
func (p *Participant[S]) Execute(ctx context.Context, command event.Event, data event.Data) (S, error) {
	if err := identified(command); err != nil {
		var none S
		return none, err
	}
	content, err := digestOfCommand(data)
	if err != nil {
		var none S
		return none, err
	}
	return p.run(ctx, cause{event.Cause{Event: command, IsCommand: true}, content}, data)
}

// cause is an event or a command with the digest of its content.
type cause struct {
	event.Cause

	digest string
}

func (p *Participant[S]) run(ctx context.Context, cause cause, data event.Data) (S, error) {
	in := Input{Event: cause.Event, Data: data}
	for attempt := 1; ; attempt++ {
		in.Now = p.config.Clock().UTC().Truncate(time.Millisecond)
		state, published, err := p.attempt(ctx, cause, in)
		if err == nil {
			return state, p.publish(ctx, cause, published)
		}
		refused, isRefused := errors.AsType[*RefusedError](err)
		lost := errors.Is(err, ErrConflict)
		if attempt == maximumAttempts || (!isRefused && !lost) {
			return state, fmt.Errorf("%s handles %s %s: %w", p.config.Source, cause.Event.Type, cause.Event.ID, err)
		}
		in.Refused = nil
		if isRefused {
			in.Refused = refused.Items
			continue
		}
		if paused := p.config.Pause(ctx, attempt); paused != nil {
			return state, fmt.Errorf("%s handles %s %s: %w, and then: %w", p.config.Source, cause.Event.Type, cause.Event.ID, err, paused)
		}
	}
}

// attempt loads, decides and commits once, and gives what is to be published.
func (p *Participant[S]) attempt(ctx context.Context, cause cause, in Input) (S, []event.Event, error) {
	state, record, err := p.Load(ctx, cause.Event.Subject)
	if err != nil {
		return state, nil, err
	}
	if before, handled := record.find(cause.Event); handled {
		return state, before.Published, before.checkContent(cause)
	}
	if err := p.check(record, cause, state, in.Now); err != nil {
		return state, nil, err
	}
	decision, err := p.config.Decide(ctx, state, in)
	if err != nil || record.Erased {
		return state, nil, err
	}
	if err := named(decision.Adjustments); err != nil {
		return state, nil, err
	}
	published, err := p.outgoing(ctx, cause.Cause, decision.Events, in.Now)
	if err != nil {
		return state, nil, err
	}
	next, err := p.next(record, cause, decision.State, published, in.Now)
	if err != nil {
		return state, nil, err
	}
	if err := p.config.Store.Commit(ctx, next, decision.Adjustments); err != nil {
		return state, nil, err
	}
	if p.config.Committed != nil {
		p.config.Committed(ctx, state, decision.State, in)
	}
	return decision.State, published, nil
}

// outgoing makes the events to publish and checks them, so that what could not
// be published later is not committed now.
func (p *Participant[S]) outgoing(ctx context.Context, cause event.Cause, data []event.Data, now time.Time) ([]event.Event, error) {
	var published []event.Event
	for ordinal, d := range data {
		e, err := event.Caused(cause, p.config.Source, d, ordinal, now)
		if err != nil {
			return nil, err
		}
		if p.config.TraceParent != nil {
			e.TraceParent = p.config.TraceParent(ctx)
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

// next is the record after the cause was handled, without what is forgotten:
// nothing is while the same event would be accepted again.
func (p *Participant[S]) next(record Record, cause cause, state S, published []event.Event, now time.Time) (Record, error) {
	encoded, err := json.Marshal(state)
	if err != nil {
		return Record{}, fmt.Errorf("encode the state of %s: %w", record.Subject, err)
	}
	handled := cause.Event
	all := append(slices.Clip(record.Handled), Handled{
		Source:      handled.Source,
		ID:          handled.ID,
		Type:        handled.Type,
		CausationID: handled.CausationID,
		Digest:      cause.digest,
		Time:        handled.Time.UTC().Truncate(time.Millisecond),
		At:          now,
		Published:   published,
	})
	next := Record{Subject: handled.Subject, Version: record.Version, State: encoded}
	for _, h := range all {
		if until := latest(h.At, h.Time).Add(p.config.Retention + tolerance); until.After(now) {
			next.Handled = append(next.Handled, h)
			next.ExpiresAt = latest(next.ExpiresAt, until)
		}
	}
	if p.config.Due != nil {
		next.Due = p.config.Due(state).Truncate(time.Second)
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

func (p *Participant[S]) publish(ctx context.Context, cause cause, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := p.config.Publisher.Publish(ctx, events...); err != nil {
		return fmt.Errorf("%s publishes because of %s %s: %w: %w", p.config.Source, cause.Event.Type, cause.Event.ID, ErrUnpublished, err)
	}
	return nil
}
