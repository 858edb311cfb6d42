package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
)

// ErrConflict is returned by a Store if a record was written since it was loaded.
// The participant then loads and decides again. It returns the error only after too
// many lost races, and then redelivery is right.
var ErrConflict = errors.New("the record was written since it was loaded")

// ConflictError is the ErrConflict of a first commit, with the record that stands. A
// Store may return it so that the record need not be loaded.
type ConflictError struct {
	Standing Record
}

// Error is that of ErrConflict.
func (e *ConflictError) Error() string { return ErrConflict.Error() }

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// RefusedError is the error of a commit that was refused as a whole, because these
// items have less than the adjustments would take from them.
type RefusedError struct {
	Items []string
	// Counters has the counters of these items at that moment.
	Counters Counters
}

// Counters are the counters of adjusted items, by item.
type Counters map[string]map[string]int64

// Error does not name the items: an error is logged, and an item may be named
// after a person.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("not enough in %d of the adjusted items", len(e.Items))
}

// Record is all that one context has recorded about one saga.
type Record struct {
	// Subject is the key: the order id.
	Subject string
	// Owner is the Source of the participant that has committed the record. It is empty
	// in a record of a version that did not store it, if that has published nothing.
	Owner string
	// Version counts the commits; 0 means that nothing is recorded yet.
	Version int64
	// State is the context's own, as JSON.
	State json.RawMessage
	// Handled is what was handled and is still remembered, oldest first.
	Handled []Handled
	// ExpiresAt is when the record may be deleted, or zero for never: a record with
	// a due time does not expire.
	ExpiresAt time.Time
	// Due is when the record has to be looked at, or zero for never. It has the
	// resolution of seconds.
	Due time.Time
	// Entry is what the record adds to an account, or the zero value.
	Entry Entry
	// Erased marks a tombstone. Its State has no personal data, and the record is
	// not written any more.
	Erased bool
}

// Handled is a cause that was handled, with what was published because of it.
// Times have the resolution of milliseconds.
type Handled struct {
	Source      string
	ID          string
	Type        string
	CausationID string
	// Digest identifies the content, to detect other content under the same id. It
	// is empty if it is unknown.
	Digest string
	// OccurredAt is the event's own time.
	OccurredAt time.Time
	HandledAt  time.Time
	// Published has the events to publish again if the cause is handled again. The Data
	// of an event is nil once an effect of it has come back: it was published.
	Published []event.Event
}

// Adjustment adds to counters of another item of the context (the stock of a
// SKU) in the same transaction as the record. A negative amount takes from a counter,
// which never falls below zero. Items have names of their own: an item with the name of a
// subject is not its record, and a counter may have any name.
//
// In place of counters an adjustment may have a write of the context's own, which is
// committed in the same transaction. Item is then the name by which a RefusedError has
// the write if its condition fails; writes of one item in a database need one name.
type Adjustment struct {
	Item string
	Add  map[string]int64
	// Write is in the form of the store: a types.TransactWriteItem for package dynamo.
	Write any
}

// Store keeps the records and the adjusted items of one context.
type Store interface {
	// Load returns the record of a subject with a strongly consistent read, or a
	// Record of Version 0 if there is none. The error is that of CheckSubject if there
	// can be none.
	Load(ctx context.Context, subject string) (Record, error)
	// Commit replaces the record if its version is still the one given, and applies
	// the adjustments, each of another item: all or nothing. The error is ErrConflict,
	// or a *ConflictError, if the version is another one; a *RefusedError if an
	// adjustment takes more than there is; that of CheckCommit if the commit can never be
	// made. After any other error it is unknown whether the commit was made. A conflict
	// takes precedence over a refusal, and an invalid commit over both.
	Commit(ctx context.Context, record Record, adjustments []Adjustment) error
}

// Mover is an optional interface of a Store, for a context whose decisions have Reads or
// Moves.
type Mover interface {
	// CountersOf returns the counters of items, each with a strongly consistent read of its
	// own. An item that was never adjusted has none, and one may be named twice.
	CountersOf(ctx context.Context, items ...string) (Counters, error)
	// Move applies adjustments as Commit does, without a record.
	Move(ctx context.Context, adjustments []Adjustment) error
}

// BatchLoader is an optional interface of a Store.
type BatchLoader interface {
	// LoadAll returns the records of several different subjects with few calls, by
	// subject, as Load would. It may leave out some: each of them is loaded alone, so that
	// its error is its own.
	LoadAll(ctx context.Context, subjects []string) (map[string]Record, error)
}

// First returns the first event that was published, or the zero value if there is none.
// Later work for the saga has its correlation id, and belongs to its trace.
func (r Record) First() event.Event {
	for _, handled := range r.Handled {
		if len(handled.Published) > 0 {
			return handled.Published[0]
		}
	}
	return event.Event{}
}

func (r Record) find(e event.Event) (Handled, bool) {
	for _, handled := range r.Handled {
		if handled.Source == e.Source && handled.ID == e.ID {
			return handled, true
		}
	}
	return Handled{}, false
}
