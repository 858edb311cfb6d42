package participant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"example.com/saga/pkg/event"
)

// The limits of a commit, the same in every Store. They are those of DynamoDB, with room
// for the names of attributes.
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)
const (
	// MaximumKey is the length in bytes of the longest subject, item and account.
	MaximumKey = 2000
	// MaximumRecord is the size in bytes of the largest record, by Record.Size.
	MaximumRecord = 400_000
	// MaximumWrites is how many items a commit writes at most: the record, and one for
	// each adjustment.
	MaximumWrites = 100
	// MaximumCounters is how many counters one adjustment changes at most.
	MaximumCounters = 100
	// MaximumCounter is the length in bytes of the longest name of a counter.
	MaximumCounter = 255
	// MaximumAmount is the most that one adjustment adds to a counter, or takes from it.
	MaximumAmount = 1_000_000_000_000_000
)

// The bytes that a stored form needs at most for an entry beside its texts and its data.
const (
	handledOverhead   = 64
	publishedOverhead = 100
)

// Size returns how many bytes the record has at most in a store: its state, the data of
// its events, all texts, and a fixed size for each event.
func (r Record) Size() int {
	size := len(r.Subject) + len(r.Owner) + len(r.State) + len(r.Entry.Account)
	for _, h := range r.Handled {
		size += handledOverhead + len(h.Source) + len(h.ID) + len(h.Type) + len(h.CausationID) + len(h.Digest)
		for _, e := range h.Published {
			size += publishedOverhead + len(e.ID) + len(e.Source) + len(e.Type) + len(e.Subject) + len(e.DataSchema) +
				len(e.CorrelationID) + len(e.CausationID) + len(e.TraceParent) + len(e.Data)
		}
	}
	return size
}

// CheckSubject returns event.ErrInvalid for a subject that no Store has a record of: an
// empty or too long one, one that is not UTF-8, or one with the character #, which is
// kept for the names of adjusted items.
func CheckSubject(subject string) error {
	if strings.Contains(subject, "#") {
		return fmt.Errorf("%w: a subject has the character #", event.ErrInvalid)
	}
	return checkText("subject", subject, MaximumKey)
}

// CheckCommit returns event.ErrInvalid for a commit that no Store makes. Each Store calls
// it, so that all have the same limits. A Participant checks the subject and the size before
// a decision, which may call an external service, with the unchanged state.
func CheckCommit(record Record, adjustments []Adjustment) error {
	if err := CheckSubject(record.Subject); err != nil {
		return err
	}
	if err := record.checkSize(); err != nil {
		return err
	}
	if record.Entry != (Entry{}) {
		if err := checkText("account", record.Entry.Account, MaximumKey); err != nil {
			return err
		}
	}
	if err := record.checkJSON(); err != nil {
		return fmt.Errorf("%w: the record of %s: %w", event.ErrInvalid, record.Subject, err)
	}
	return checkAdjustments(record.Subject, adjustments)
}

func (r Record) checkSize() error {
	if size := r.Size(); size > MaximumRecord {
		return fmt.Errorf("%w: the record of %s would have %d bytes with %d events, %d are allowed",
			event.ErrInvalid, r.Subject, size, len(r.Handled), MaximumRecord)
	}
	return nil
}

// checkJSON returns an error unless the state, and the data of every event, is JSON.
func (r Record) checkJSON() error {
	if !json.Valid(r.State) {
		return errors.New("the state is not JSON")
	}
	for _, h := range r.Handled {
		for _, e := range h.Published {
			if e.Data != nil && !json.Valid(e.Data) {
				return fmt.Errorf("the data of %s is not JSON", e.Type)
			}
		}
	}
	return nil
}

// CheckMove returns event.ErrInvalid for adjustments that no Mover makes.
func CheckMove(adjustments []Adjustment) error {
	if n := len(adjustments); n == 0 || n > MaximumWrites {
		return fmt.Errorf("%w: a move has %d adjustments, allowed are 1 to %d", event.ErrInvalid, n, MaximumWrites)
	}
	return checkDistinct("a move", adjustments)
}

func checkAdjustments(subject string, adjustments []Adjustment) error {
	if writes := 1 + len(adjustments); writes > MaximumWrites {
		return fmt.Errorf("%w: %s would be committed with %d writes in a transaction, %d are allowed",
			event.ErrInvalid, subject, writes, MaximumWrites)
	}
	return checkDistinct(subject, adjustments)
}

func checkDistinct(subject string, adjustments []Adjustment) error {
	adjusted := make(map[string]bool)
	for _, adjustment := range adjustments {
		if err := adjustment.check(); err != nil {
			return err
		}
		if adjusted[adjustment.Item] {
			return fmt.Errorf("%w: %s would be committed with two adjustments of one item", event.ErrInvalid, subject)
		}
		adjusted[adjustment.Item] = true
	}
	return nil
}

func (a Adjustment) check() error {
	if err := checkText("adjusted item", a.Item, MaximumKey); err != nil {
		return err
	}
	if a.Write != nil && len(a.Add) == 0 {
		return nil
	}
	if n := len(a.Add); a.Write != nil || n == 0 || n > MaximumCounters {
		return fmt.Errorf("%w: an adjustment changes %d counters, allowed are 1 to %d, or none with a write", event.ErrInvalid, n, MaximumCounters)
	}
	for counter, amount := range a.Add {
		if err := checkText("counter", counter, MaximumCounter); err != nil {
			return err
		}
		if amount > MaximumAmount || amount < -MaximumAmount {
			return fmt.Errorf("%w: an adjustment changes a counter by %d, allowed are %d", event.ErrInvalid, amount, MaximumAmount)
		}
	}
	return nil
}

// checkText does not name the text: an error is logged, and an account or an item may be
// named after a person.
func checkText(kind, text string, maximum int) error {
	if text == "" || len(text) > maximum || !utf8.ValidString(text) {
		return fmt.Errorf("%w: the name of a %s has %d bytes, allowed are 1 to %d of UTF-8", event.ErrInvalid, kind, len(text), maximum)
	}
	return nil
}
