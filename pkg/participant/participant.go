// Package participant is the corridor through which a bounded context handles each
// event of a saga: load, decide, commit, publish. It processes events effectively
// once on at-least-once delivery, without locks or leases.
//
//	first time   load ─▶ decide ─▶ commit ─▶ publish
//	again        load ───────────────────▶ publish      (writes nothing)
//	lost race    load ─▶ decide ─▶ commit refused ─▶ load ─▶ …
//
// One record per saga and context has what the context has handled, its state and
// what it has published, and is written in one conditional write. If an event is
// handled a second time, its outgoing events are in the record. They are published
// again with the same ids, which are derived from the cause, the type and the
// ordinal. After a crash at any point, redelivery does the rest.
//
// The caller provides a Decide, preferably pure; a Store (packages dynamo and
// memory); a Publisher (package eventbridge); and a Language, which decodes and
// checks the data of events. Handle is for events, Execute for commands that have an
// idempotency key, such as HTTP requests.
//
// Errors of Handle: event.ErrInvalid can never succeed (an absent key, data that is
// not in the language, an event older than the retention, too large to commit or to
// publish, an id that was handled with other content) and belongs in a dead-letter
// queue. After any other error redelivery is right: ErrConflict after eight lost
// races, ErrUnpublished if the commit is made but its events are not all published,
// or an error of the store, the publisher or Decide.
//
// Erase replaces what is recorded about a saga by a tombstone, which ignores every
// later event.
//
// Decide calls external services, before the commit, with an idempotency key: a
// process may stop between the call and the commit, and the call is then repeated.
//
// Unlike the idempotency utility of Powertools for AWS Lambda, this package commits
// the effect and the fact that it was handled in the same write, so that neither
// exists without the other. It needs no in-progress record, no lease and no expiry of
// one. It fences late writers by version. A second run publishes the events of the
// first and no new ones. It does not store the result of a function: the state is the
// result.
//
// The cost in calls and units is in the documentation of package dynamo.
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

// ErrUnpublished is returned if a decision is committed, but not all of its events
// are published. They are published when the same event or command is handled
// again, or by Republish.
var ErrUnpublished = errors.New("committed, but not all published")

// Publisher publishes events in order. After an error, some of them may be
// published.
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
	// Refused are the items of which there was not enough when the previous
	// attempt was committed. It is empty at the first attempt.
	Refused []string
}

// Decision is the result of an event: the new state, the data of the events to
// publish and the adjustments of other items.
type Decision[S any] struct {
	State       S
	Events      []event.Data
	Adjustments []Adjustment
}

// Decide is a bounded context's decision. A pure one ignores ctx. A decision that
// needs an external service, such as a payment provider, calls it here with an
// idempotency key.
type Decide[S any] func(ctx context.Context, state S, in Input) (Decision[S], error)

// Pure makes a Decide of a pure function.
func Pure[S any](decide func(S, Input) (Decision[S], error)) Decide[S] {
	return func(_ context.Context, state S, in Input) (Decision[S], error) { return decide(state, in) }
}

// Config is the configuration of a Participant. Clock, Pause, Due, Entry, Committed and
// TraceParent are optional.
type Config[S any] struct {
	// Source is the name of the bounded context and the source of its events.
	Source    string
	Decide    Decide[S]
	Store     Store
	Publisher Publisher
	Language  Language
	// Retention is how long a handled event is remembered. It must be longer than
	// the longest redelivery: an older event is invalid, because it is unknown
	// whether it was handled.
	Retention time.Duration
	// Clock returns the current time: by default time.Now.
	Clock func() time.Time
	// Pause waits after lost race number n (1, 2, …). The default is Jitter.
	Pause func(ctx context.Context, n int) error
	// Due returns when a record in this state is due, or zero for never. All
	// functions of a bounded context need the same one, because each commit replaces
	// the due time of the record. Without it nothing is ever due.
	Due func(S) time.Time
	// Entry returns the entry of a record in this state. As with Due, all functions of
	// a bounded context need the same one. Without it no record has an entry.
	Entry func(S) Entry
	// Committed, if set, is called after every commit with the state before and
	// after, and the input. It is not called for an event that was handled before,
	// so that what it counts is counted once. If the process stops right after the
	// commit, or the answer of the store is lost, there is no call: use it for
	// metrics only.
	Committed func(ctx context.Context, before, after S, in Input)
	// TraceParent returns the trace parent of the current work, or "". The events
	// that it publishes carry it. It is committed with them, so that they carry the
	// same one when they are published again.
	TraceParent func(context.Context) string
}

// Participant is one bounded context in the saga. It is safe for concurrent use
// if everything in its Config is.
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
		config.Clock = time.Now //nolint:forbidigo // The default of a field that takes any clock.
	}
	if config.Pause == nil {
		config.Pause = Jitter(rand.Float64)
	}
	return &Participant[S]{config}, nil
}

// retentionMargin is how much longer than the retention a handled event is
// remembered: the clocks of a context's functions differ, and a store may round
// times.
const retentionMargin = time.Hour

// maximumAttempts is how often an event is tried before redelivery is left to the
// caller.
const maximumAttempts = 8

// Handle handles an event of the published language.
func (p *Participant[S]) Handle(ctx context.Context, e event.Event) error {
	if err := checkIdentity(e); err != nil {
		return err
	}
	data, err := p.config.Language.Decode(e)
	if err != nil {
		return err
	}
	if oldest := p.config.Clock().Add(-p.config.Retention); e.Time.Before(oldest) {
		return fmt.Errorf("%w: %s %s is of %s: events before %s are no longer remembered",
			event.ErrInvalid, e.Type, e.ID, e.Time.Format(time.RFC3339), oldest.Format(time.RFC3339))
	}
	content, err := digestOfEvent(e)
	if err != nil {
		return err
	}
	_, err = p.run(ctx, cause{event.Cause{Event: e}, content}, data)
	return err
}

// Load returns the state and the record of a subject. A record of Version 0 means
// that nothing is recorded.
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
// it. A command is executed once per ID. ErrOtherContent is returned if the ID was
// executed with other data; members that JSON leaves out do not count. The state is
// right even if the error is ErrUnpublished.
func (p *Participant[S]) Execute(ctx context.Context, command event.Event, data event.Data) (S, error) {
	if err := checkIdentity(command); err != nil {
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

// attempt loads, decides and commits once, and returns the state and the events to
// publish.
func (p *Participant[S]) attempt(ctx context.Context, cause cause, in Input) (S, []event.Event, error) {
	state, record, err := p.Load(ctx, cause.Event.Subject)
	if err != nil {
		return state, nil, err
	}
	if before, handled := record.find(cause.Event); handled {
		return state, before.Published, before.checkContent(cause)
	}
	if err := p.checkCommittable(record, cause, state, in.Now); err != nil {
		return state, nil, err
	}
	decision, err := p.config.Decide(ctx, state, in)
	if err != nil || record.Erased {
		return state, nil, err
	}
	if err := checkAdjustments(decision.Adjustments); err != nil {
		return state, nil, err
	}
	published, err := p.outgoingEvents(ctx, cause.Cause, decision.Events, in.Now)
	if err != nil {
		return state, nil, err
	}
	next, err := p.nextRecord(record, cause, decision.State, published, in.Now)
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

// outgoingEvents makes the events to publish and checks them, so that no event is
// committed that can never be published.
func (p *Participant[S]) outgoingEvents(ctx context.Context, cause event.Cause, data []event.Data, now time.Time) ([]event.Event, error) {
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

// nextRecord returns the record after the cause was handled, without the entries
// that have expired. An entry does not expire while the same event would still be
// accepted.
func (p *Participant[S]) nextRecord(record Record, cause cause, state S, published []event.Event, now time.Time) (Record, error) {
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
		OccurredAt:  handled.Time.UTC().Truncate(time.Millisecond),
		HandledAt:   now,
		Published:   published,
	})
	next := Record{Subject: handled.Subject, Version: record.Version, State: encoded}
	for _, h := range all {
		if until := later(h.HandledAt, h.OccurredAt).Add(p.config.Retention + retentionMargin); until.After(now) {
			next.Handled = append(next.Handled, h)
			next.ExpiresAt = later(next.ExpiresAt, until)
		}
	}
	if p.config.Entry != nil {
		if next, err = next.withEntry(p.config.Entry(state)); err != nil {
			return Record{}, err
		}
	}
	if p.config.Due != nil {
		next.Due = p.config.Due(state).Truncate(time.Second)
	}
	if !next.Due.IsZero() {
		next.ExpiresAt = time.Time{} // An expired record would never be found due.
	}
	return next, nil
}

// later returns the later of two times. The clock of an event's publisher may be
// ahead or behind.
func later(a, b time.Time) time.Time {
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
