package participanttest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/pkg/participant"
)

func (s suite) unknownSubject(t *testing.T) {
	store := s.newStore(t)
	assertRecord(t, store, participant.Record{Subject: unique("order")})
}

func (s suite) roundTrip(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	want := record
	want.Version = 1
	assertRecord(t, store, want)

	for i, e := range load(t, store, record.Subject).Handled[0].Published {
		if got, want := encode(t, e), encode(t, record.Handled[0].Published[i]); got != want {
			t.Errorf("published event %d was committed as\n%s\nand is loaded as\n%s", i, want, got)
		}
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func (s suite) owner(t *testing.T) {
	store := s.newStore(t)
	for _, owner := range []string{"warehouse", "another", ""} {
		for _, hasPublished := range []bool{true, false} {
			record := newRecord()
			record.Owner = owner
			if !hasPublished {
				record.Handled = record.Handled[1:]
			}
			commit(t, store, record)
			record.Version = 1
			assertRecord(t, store, record)
		}
	}
}

func (s suite) replace(t *testing.T) {
	store := s.newStore(t)
	first := newRecord()
	commit(t, store, first)
	second := load(t, store, first.Subject)
	second.State = json.RawMessage(`{"status":"shipped"}`)
	second.Handled = second.Handled[1:]
	second.ExpiresAt = second.ExpiresAt.AddDate(0, 0, 1)
	commit(t, store, second)
	second.Version = 2
	assertRecord(t, store, second)
}

func (s suite) unexpiring(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	record.ExpiresAt = time.Time{}
	commit(t, store, record)
	record.Version = 1
	assertRecord(t, store, record)
}

func (s suite) tombstone(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	left := participant.Record{
		Subject: record.Subject, Version: 1, State: json.RawMessage(`{"status":"erased"}`), ExpiresAt: record.ExpiresAt, Erased: true,
	}
	commit(t, store, left)
	left.Version = 2
	assertRecord(t, store, left)
}

func (s suite) loadedIsACopy(t *testing.T) {
	store := s.newStore(t)
	record := longRecord()
	commit(t, store, record)
	spoil(load(t, store, record.Subject))
	record.Version = 1
	assertRecord(t, store, record)
}

func (s suite) committedIsACopy(t *testing.T) {
	store := s.newStore(t)
	record := longRecord()
	want := clone(record)
	commit(t, store, record)
	spoil(record)
	want.Version = 1
	assertRecord(t, store, want)
}

// longRecord returns a record with several events because of which others were published.
func longRecord() participant.Record {
	record := newRecord()
	record.Handled = append(record.Handled, newRecord().Handled...)
	return record
}

// spoil changes what a record refers to.
func spoil(record participant.Record) {
	record.State[0] = '!'
	for i, handled := range record.Handled {
		record.Handled[i].ID = "spoiled"
		for j, e := range handled.Published {
			handled.Published[j].ID, e.Data[0] = "spoiled", '!'
		}
	}
}

func clone(record participant.Record) participant.Record {
	record.State = slices.Clone(record.State)
	record.Handled = slices.Clone(record.Handled)
	for i, handled := range record.Handled {
		published := slices.Clone(handled.Published)
		for j, e := range published {
			published[j].Data = slices.Clone(e.Data)
		}
		record.Handled[i].Published = published
	}
	return record
}

func (s suite) firstOverExisting(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	another := newRecord()
	another.Subject = record.Subject
	assertConflict(t, store, another)
	record.Version = 1
	assertRecord(t, store, record)
}

func (s suite) standing(t *testing.T) { assertStanding(t, s.newStore(t)) }

func assertStanding(t *testing.T, store participant.Store, adjustments ...participant.Adjustment) {
	t.Helper()
	record := newRecord()
	commit(t, store, record)
	another := newRecord()
	another.Subject = record.Subject
	err := store.Commit(t.Context(), another, adjustments)
	conflict, isConflict := errors.AsType[*participant.ConflictError](err)
	if !isConflict || !errors.Is(err, participant.ErrConflict) {
		t.Fatalf("the error is %v", err)
	}
	record.Version = 1
	if diff := cmp.Diff(record, conflict.Standing, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the record that stands (-) and is returned (+):\n%s", diff)
	}
	spoil(conflict.Standing)
	assertRecord(t, store, record)
}

func (s suite) staleVersion(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	stale := load(t, store, record.Subject)
	winner := load(t, store, record.Subject)
	winner.State = json.RawMessage(`{"status":"won"}`)
	commit(t, store, winner)

	stale.State = json.RawMessage(`{"status":"lost"}`)
	assertConflict(t, store, stale)
	winner.Version = 2
	assertRecord(t, store, winner)
}

func (s suite) versionThatNeverWas(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	record.Version = 7
	assertConflict(t, store, record)
	assertRecord(t, store, participant.Record{Subject: record.Subject})
}

func assertConflict(t *testing.T, store participant.Store, record participant.Record, adjustments ...participant.Adjustment) {
	t.Helper()
	err := store.Commit(t.Context(), record, adjustments)
	if !errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error is %v, not ErrConflict", err)
	}
	if _, refused := errors.AsType[*participant.RefusedError](err); refused {
		t.Errorf("the conflict is a refusal too: %v", err)
	}
	if _, hasRecord := errors.AsType[*participant.ConflictError](err); hasRecord && record.Version != 0 {
		t.Errorf("the conflict of a later commit has the record that stands: %v", err)
	}
}
