package participanttest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// assertInvalid checks that a commit can never be made, and has changed nothing.
func assertInvalid(t *testing.T, store participant.Store, record participant.Record, adjustments ...participant.Adjustment) {
	t.Helper()
	err := store.Commit(t.Context(), record, adjustments)
	_, refused := errors.AsType[*participant.RefusedError](err)
	if !errors.Is(err, event.ErrInvalid) || refused || errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error is %v, not ErrInvalid", err)
	}
	if participant.CheckSubject(record.Subject) == nil {
		assertRecord(t, store, participant.Record{Subject: record.Subject})
	}
}

// sized makes a record of a size, with nearly all of it in its state or half of it in its events.
func sized(size int, inState bool) participant.Record {
	record := newRecord()
	if !inState {
		const each = 200 // An event has fewer bytes.
		for range (size - record.Size()) / each {
			h := record.Handled[1]
			h.ID = unique("event")
			record.Handled = append(record.Handled, h)
		}
	}
	record.State = json.RawMessage(`""`)
	padding := strings.Repeat("x", size-record.Size())
	record.State = json.RawMessage(`"` + padding + `"`)
	return record
}

func (s suite) sizeLimit(t *testing.T) {
	store := s.newStore(t)
	for _, inState := range []bool{true, false} {
		assertInvalid(t, store, sized(participant.MaximumRecord+1, inState))
		largest := sized(participant.MaximumRecord, inState)
		commit(t, store, largest)
		largest.Version = 1
		if encode(t, load(t, store, largest.Subject)) != encode(t, largest) { // A diff of so many bytes takes seconds.
			t.Error("the largest record is not loaded as it was committed")
		}
	}
}

func (s suite) subjectLimit(t *testing.T) {
	store := s.newStore(t)
	longest := newRecord()
	longest.Subject += strings.Repeat("x", participant.MaximumKey-len(longest.Subject))
	for _, subject := range []string{"", longest.Subject + "x", unique("order") + "#1", unique("\xff")} {
		record := newRecord()
		record.Subject = subject
		assertInvalid(t, store, record)
		if _, err := store.Load(t.Context(), subject); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("the error of loading a subject of %d bytes is %v, not ErrInvalid", len(subject), err)
		}
	}
	commit(t, store, longest)
	longest.Version = 1
	assertRecord(t, store, longest)
}

func (s suite) notJSON(t *testing.T) {
	store := s.newStore(t)
	for _, text := range []string{"", "{", "x", "{}{}"} {
		record := newRecord()
		record.State = json.RawMessage(text)
		assertInvalid(t, store, record)

		record = newRecord()
		record.Handled[0].Published[1].Data = json.RawMessage(text)
		assertInvalid(t, store, record)

		record = newRecord()
		record.Handled[1].Published = []event.Event{{Type: "loyalty.noted", Data: json.RawMessage(text)}}
		assertInvalid(t, store, record)
	}
	dropped := newRecord()
	dropped.Handled[0].Published[0].Data = nil
	commit(t, store, dropped)
	dropped.Version = 1
	assertRecord(t, store, dropped)
}

// ignoredAdjustment takes from an item that was never adjusted. A store with counters
// refuses that, and one without finds it invalid.
func (s suite) ignoredAdjustment(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	err := store.Commit(t.Context(), record, []participant.Adjustment{{Item: unique("stock"), Add: map[string]int64{"on_hand": -1}}})
	if _, refused := errors.AsType[*participant.RefusedError](err); !refused && !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	assertRecord(t, store, participant.Record{Subject: record.Subject})
}
