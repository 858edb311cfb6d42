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

// RefusedError says that a commit was refused as a whole because these items
// have not as much as the adjustments would take from them.
type RefusedError struct {
	Items []string
}

// Error does not name the items: an error is logged, and an item may be named
// after a person.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("not enough in %d of the adjusted items", len(e.Items))
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
	// ExpiresAt is when the record may be forgotten, zero if it may not: a record
	// that is due is kept until somebody has ended it.
	ExpiresAt time.Time
	// Due is when somebody must look at the record at the latest, zero if
	// nobody needs to. It has the resolution of seconds.
	Due time.Time
	// Erased marks a tombstone: State says only that there was something, and the
	// record is not written any more.
	Erased bool
}

// Handled is a cause that was handled, with what was published because of it.
// Times have the resolution of milliseconds.
type Handled struct {
	Source      string
	ID          string
	Type        string
	CausationID string
	// Digest marks the content, to recognise another one under the same id. It is
	// empty if it is unknown.
	Digest string
	// OccurredAt is the event's own time.
	OccurredAt time.Time
	HandledAt  time.Time
	Published  []event.Event
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
	// applies the adjustments, each of another item, all or nothing. It fails
	// with ErrConflict, with a *RefusedError if an adjustment takes more than
	// there is, or with event.ErrInvalid if it can never be made; any other error
	// leaves open whether the commit happened.
	Commit(ctx context.Context, record Record, adjustments []Adjustment) error
}

// Checker is what a Store may implement too: it tells whether a commit could
// never be made, without a call. A participant asks before it decides, because
// a decision may ask the outside world.
type Checker interface {
	// Check fails with event.ErrInvalid if Commit would, with the same arguments.
	Check(record Record, adjustments []Adjustment) error
}

func (r Record) find(e event.Event) (Handled, bool) {
	for _, handled := range r.Handled {
		if handled.Source == e.Source && handled.ID == e.ID {
			return handled, true
		}
	}
	return Handled{}, false
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
