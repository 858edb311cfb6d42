// Package participant is the corridor that every event of a saga walks through
// in a bounded context: load, decide, commit, publish.
//
// It gives effectively-once processing on at-least-once delivery without locks
// or leases. One record per saga and context says what the context has handled,
// what it did and what it published; it is written in one conditional write.
// Whoever handles an event a second time finds it in the record and publishes
// the same events again, with the same ids.
//
//	first time   load ─▶ decide ─▶ commit ─▶ publish
//	again        load ───────────────────▶ publish      (writes nothing)
//	lost race    load ─▶ decide ─▶ commit refused ─▶ load ─▶ …
package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
)

// ErrConflict says that a record was written by someone else since it was
// loaded. The participant loads and decides again; it lets the error out only
// after it has lost too many races, and then redelivery is right.
var ErrConflict = errors.New("the record was written by someone else")

// ErrUnpublished says that what was decided is committed and stands, but that
// not everything it publishes is published. It will be when the same event or
// command comes again, or by Republish.
var ErrUnpublished = errors.New("committed, but not all published")

// RefusedError says that a commit was refused as a whole because these items
// have not as much as the adjustments would take from them.
type RefusedError struct {
	Items []string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("not enough in %v", e.Items)
}

// Record is all that one context knows about one saga.
type Record struct {
	// Subject is the key: the order id.
	Subject string
	// Version counts the commits; 0 means that nothing is recorded yet.
	Version int64
	// State is the context's own, as JSON.
	State json.RawMessage
	// Handled is what was handled and is still remembered, oldest first.
	Handled []Handled
	// ExpiresAt is when the record may be forgotten.
	ExpiresAt time.Time
	// Due is when somebody must look at the record at the latest, zero if
	// nobody needs to. It has the resolution of seconds.
	Due time.Time
}

// Handled is a cause that was handled, with what was published because of it.
// Times have the resolution of milliseconds.
type Handled struct {
	Source      string
	ID          string
	Type        string
	CausationID string
	// Time is the event's own, At that of its handling.
	Time      time.Time
	At        time.Time
	Published []event.Event
}

// Adjustment adds to counters of another item of the context (the stock of a
// SKU, the points of a customer) in the same transaction as the record. A
// negative amount takes, and a counter never falls below zero.
type Adjustment struct {
	Item string
	Add  map[string]int64
}

// Store keeps the records and the adjusted items of one context.
type Store interface {
	// Load gives the record of a subject as it is now (strongly consistent), or
	// a Record of Version 0.
	Load(ctx context.Context, subject string) (Record, error)
	// Commit replaces the record if its version is still the one given, and
	// applies the adjustments, each of another item, all or nothing. It fails with ErrConflict, or
	// with a *RefusedError if an adjustment takes more than there is; any other
	// error leaves open whether the commit happened.
	Commit(ctx context.Context, record Record, adjustments []Adjustment) error
}

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
// Due.
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
}

// tolerance is how much longer than its retention a handled event is
// remembered: its publisher's clock may run ahead, and a store may round times.
const tolerance = time.Hour

// maximumAttempts bounds how many races are lost before redelivery takes over.
const maximumAttempts = 8

// Handle handles an event of the published language.
func (p *Participant[S]) Handle(ctx context.Context, e event.Event) error {
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
		if err := p.Pause(ctx, attempt); err != nil {
			return state, err
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
	decision, err := p.Decide(ctx, state, in)
	if err != nil {
		return state, nil, err
	}
	published, err := p.outgoing(cause, decision.Events, in.Now)
	if err != nil {
		return state, nil, err
	}
	next, err := p.next(record, cause.Event, decision.State, published, in.Now)
	if err != nil {
		return state, nil, err
	}
	return decision.State, published, p.Store.Commit(ctx, next, decision.Adjustments)
}

// outgoing makes the events to publish and checks them, so that what could not
// be published later is not committed now.
func (p *Participant[S]) outgoing(cause event.Cause, data []event.Data, now time.Time) ([]event.Event, error) {
	var published []event.Event
	for ordinal, d := range data {
		e, err := event.Caused(cause, p.Source, d, ordinal, now)
		if err != nil {
			return nil, err
		}
		if e, err = p.Language.Write(e); err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", event.ErrInvalid, err)
		}
		if len(encoded) > event.MaximumSize {
			return nil, fmt.Errorf("%w: %s would have %d bytes, %d are allowed", event.ErrInvalid, e.Type, len(encoded), event.MaximumSize)
		}
		published = append(published, e)
	}
	return published, nil
}

// next is the record after the cause was handled, without what is forgotten.
func (p *Participant[S]) next(record Record, handled event.Event, state S, published []event.Event, now time.Time) (Record, error) {
	encoded, err := json.Marshal(state)
	if err != nil {
		return Record{}, fmt.Errorf("encode the state of %s: %w", record.Subject, err)
	}
	var remembered []Handled
	for _, h := range record.Handled {
		if h.At.After(now.Add(-p.Retention - tolerance)) {
			remembered = append(remembered, h)
		}
	}
	remembered = append(remembered, Handled{
		Source:      handled.Source,
		ID:          handled.ID,
		Type:        handled.Type,
		CausationID: handled.CausationID,
		Time:        handled.Time.UTC().Truncate(time.Millisecond),
		At:          now,
		Published:   published,
	})
	next := Record{
		Subject:   handled.Subject,
		Version:   record.Version,
		State:     encoded,
		Handled:   remembered,
		ExpiresAt: now.Add(p.Retention + tolerance),
	}
	if p.Due != nil {
		next.Due = p.Due(state).Truncate(time.Second)
	}
	return next, nil
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

func decodeState[S any](record Record) (S, error) {
	var state S
	if record.Version == 0 {
		return state, nil
	}
	if err := json.Unmarshal(record.State, &state); err != nil {
		return state, fmt.Errorf("decode the state of %s: %w", record.Subject, err)
	}
	return state, nil
}

func (r Record) find(e event.Event) ([]event.Event, bool) {
	for _, handled := range r.Handled {
		if handled.Source == e.Source && handled.ID == e.ID {
			return handled.Published, true
		}
	}
	return nil, false
}
