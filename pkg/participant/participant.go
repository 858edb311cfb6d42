// Package participant is the corridor through which a bounded context handles each
// event of a saga: load, decide, commit, publish. It processes events effectively
// once on at-least-once delivery, without locks or leases.
//
//	first of a saga       decide ─▶ commit ─▶ publish      (see Config.Begins)
//	first time   load ─▶  decide ─▶ commit ─▶ publish
//	again        load ──────────────────────▶ publish      (writes nothing)
//	lost race    load ─▶  decide ─▶ commit refused ─▶ load ─▶ …
//
// One record per saga and context has what the context has handled, its state and
// what it has published, and is written in one conditional write. If an event is
// handled a second time, its outgoing events are in the record. They are published
// again with the same ids, which are derived from the cause, the type and the
// ordinal. After a crash at any point, redelivery does the rest; a command, which is not
// redelivered, needs package sweeper. The data of an outgoing event is kept until an
// event arrives that was caused by it: then it was published, and need not be published
// again.
//
// The caller provides a Decide, preferably pure; a Store (packages dynamo and
// memory); a Publisher (package eventbridge); and a Language, which decodes and
// checks the data of events. Handle is for events, HandleBatch for several at once, and
// Execute for commands that have an idempotency key, such as HTTP requests.
//
// A batch is handled by sagas: each is loaded once, its events are decided on in their
// order, and committed together. The records that have to be loaded are loaded with one
// call, and the events of all sagas are published together. Each event still has an
// error of its own.
//
// Errors of Handle: event.ErrInvalid can never succeed (an absent key, data that is
// not in the language, an event older than the retention, a state or data that cannot
// be encoded, too large to commit or to publish, an id that was handled with other
// content) and belongs in a dead-letter queue. After any other error redelivery is
// right: ErrConflict after eight lost races, ErrUnpublished if the commit is made but
// its events are not all published, or an error of the store, the publisher or Decide.
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
// A record has at most MaximumRecord bytes (Record.Size): about 2,000 events of which
// nothing was published, or 350 with an event of 500 bytes of data each. Each commit
// writes the whole record, so sagas of more than a hundred events are better divided (see
// About). An event beyond the limit is invalid before it is decided on; it can be redriven
// when older events are forgotten. A commit writes the record and at most 99 items
// (MaximumWrites).
//
// The cost in calls and units is in the documentation of package dynamo.
package participant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/required"
)

// ErrUnpublished is returned if a decision is committed, but not all of its events
// are published. They are published when the same event or command is handled
// again, or by Republish, which package sweeper calls for what is due.
var ErrUnpublished = errors.New("committed, but not all published")

// ErrOtherOwner is returned for a subject whose record another participant has
// committed: two of them use one table. Nothing is decided, written or published. Each
// needs a table of its own, or a key of its own in it.
var ErrOtherOwner = errors.New("the record is that of another participant")

// Publisher publishes events in order. After an error, some of them may be
// published. A *PartialError names those that may not be.
type Publisher interface {
	Publish(ctx context.Context, events ...event.Event) error
}

// PartialError is the error of a Publisher that has published the other events.
type PartialError struct {
	// Errs has the error of each event that may not be published, by its index.
	Errs map[int]error
}

// Error joins the errors in the order of the events.
func (e *PartialError) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns the errors in the order of the events.
func (e *PartialError) Unwrap() []error {
	var errs []error
	for _, i := range slices.Sorted(maps.Keys(e.Errs)) {
		errs = append(errs, e.Errs[i])
	}
	return errs
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
	// Counters are those of the refused items, when they were refused, and what was read
	// because of Decision.Reads.
	Counters Counters
}

// Decision is the result of an event: the new state, the data of the events to
// publish and the adjustments of other items.
type Decision[S any] struct {
	State       S
	Events      []event.Data
	Adjustments []Adjustment
	// Reads are items whose counters are needed first. They are read, and the event is
	// decided on again with Input.Counters. The rest of the decision does not count.
	Reads []string
	// Moves are adjustments that have to be made first, in a transaction of their own. Then
	// the event is decided on again, as if for the first time. The rest of the decision does
	// not count. The process may stop after them, so they must be right without the decision:
	// what they take from one item they give to others.
	Moves []Adjustment
}

// Decide is a bounded context's decision. A pure one ignores ctx. A decision that
// needs an external service, such as a payment provider, calls it here with an
// idempotency key.
//
// The state is a copy, which it may change. A new state that cannot be encoded as JSON and
// decoded again is event.ErrInvalid, and so are data that cannot be encoded.
type Decide[S any] func(ctx context.Context, state S, in Input) (Decision[S], error)

// Pure makes a Decide of a pure function.
func Pure[S any](decide func(S, Input) (Decision[S], error)) Decide[S] {
	return func(_ context.Context, state S, in Input) (Decision[S], error) { return decide(state, in) }
}

// About returns data whose event is about another subject than its cause: the rooms of a
// booking, or the booking that a room belongs to. The event has the correlation id of its
// cause, which is still its causation id. Its effects come to the record of the other
// subject, so its data is kept here until the record forgets the cause, and a duplicate
// of the cause publishes it again.
func About(subject string, data event.Data) event.Data { return about{data, subject} }

// about is data with a subject.
type about struct {
	event.Data

	subject string
}

// Config is the configuration of a Participant. Begins, Clock, Pause, Parallelism, Due,
// KeepUntil, Entry, Upgrade, Committed and TraceParent are optional.
type Config[S any] struct {
	// Source is the name of the bounded context and the source of its events.
	Source    string
	Decide    Decide[S]
	Store     Store
	Publisher Publisher
	Language  Language
	// Begins has an empty value of the data of each event or command that usually begins
	// a record. Such an event is decided on an empty record, and committed if there is
	// none. If there is one, the store returns it, and the event is decided on again. So
	// the first event of a saga needs no load, and a duplicate costs a failed write. Do
	// not list an event whose decision calls an external service with an effect: the
	// call would be made for every duplicate, too.
	Begins []event.Data
	// Retention is how long a handled event is remembered. It must be longer than
	// the longest redelivery: an older event is invalid, because it is unknown
	// whether it was handled. A record is kept for an hour longer than its last event is
	// remembered, while it is due, and as KeepUntil and Entry require.
	Retention time.Duration
	// Clock returns the current time: by default time.Now.
	Clock func() time.Time
	// Pause waits after lost race number n (1, 2, …). The default is Jitter.
	Pause func(ctx context.Context, n int) error
	// Parallelism is how many sagas of a batch are handled at the same time, by default
	// 10.
	Parallelism int
	// Due returns when a record in this state is due, or zero for never. All
	// functions of a bounded context need the same one, because each commit replaces
	// the due time of the record. Without it nothing is ever due.
	Due func(S) time.Time
	// KeepUntil returns until when a record in this state is kept at least, or zero for no
	// longer than its events are remembered. Use it for a state that is needed for longer
	// than Retention, such as a booking for next summer. Only the state is kept: an event
	// is forgotten after the Retention, and is invalid then, but a command with an old id
	// is executed again. As with Due, all functions of a bounded context need the same
	// one.
	KeepUntil func(S) time.Time
	// Upgrade completes a state that an earlier version of the context has committed, from
	// its record. By default a state is as it was committed. Each state that is loaded
	// goes through it, so it must be cheap.
	Upgrade func(state S, record Record) (S, error)
	// Entry returns the entry of a record in this state. As with Due, all functions of
	// a bounded context need the same one. Without it no record has an entry.
	Entry func(S) Entry
	// Committed, if set, is called after every commit with copies of the state before
	// and after, as Load returns them, and the input. It is not called for an event that
	// was handled before, so that what it counts is counted once. If the process stops
	// right after the commit, or the answer of the store is lost, there is no call: use
	// it for metrics only.
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

		"valid Parallelism": config.Parallelism >= 0,
	}); err != nil {
		return nil, err
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // The default of a field that takes any clock.
	}
	if config.Pause == nil {
		config.Pause = Jitter(rand.Float64)
	}
	config.Parallelism = cmp.Or(config.Parallelism, defaultParallelism)
	return &Participant[S]{config}, nil
}

// defaultParallelism is 10 because decisions mostly wait for calls, and not for the
// processor.
const defaultParallelism = 10

// retentionMargin is how much longer than the retention a handled event is
// remembered: the clocks of a context's functions differ, and a store may round
// times.
const retentionMargin = time.Hour

// Load returns the state and the record of a subject. A record of Version 0 means
// that nothing is recorded.
func (p *Participant[S]) Load(ctx context.Context, subject string) (S, Record, error) {
	var none S
	record, err := p.config.Store.Load(ctx, subject)
	if err != nil {
		return none, record, err
	}
	if err := p.checkOwner(record); err != nil {
		return none, record, err
	}
	state, err := p.state(record)
	return state, record, err
}

// checkOwner returns ErrOtherOwner for a record that another participant has committed.
func (p *Participant[S]) checkOwner(record Record) error {
	if record.Owner == "" || record.Owner == p.config.Source {
		return nil
	}
	return fmt.Errorf("%s loads %s, of %s: %w", p.config.Source, record.Subject, record.Owner, ErrOtherOwner)
}

// state returns the state in a record. It decodes it for each caller, so that none can
// change what another gets.
func (p *Participant[S]) state(record Record) (S, error) {
	var state S
	if record.Version == 0 && record.State == nil {
		return state, nil
	}
	if err := json.Unmarshal(record.State, &state); err != nil {
		return state, fmt.Errorf("decode the state of %s: %w", record.Subject, err)
	}
	if p.config.Upgrade == nil {
		return state, nil
	}
	upgraded, err := p.config.Upgrade(state, record)
	if err != nil {
		return state, fmt.Errorf("upgrade the state of %s: %w", record.Subject, err)
	}
	return upgraded, nil
}
