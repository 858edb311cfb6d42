package participanttest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/pkg/participant"
)

// BatchStore is a participant.Store that loads many records with few calls.
type BatchStore interface {
	participant.Store
	participant.BatchLoader
}

// TestBatches checks a store as TestStore does, for a context whose events are handled in
// batches.
func TestBatches(t *testing.T, newStore func(t *testing.T) BatchStore) {
	t.Helper()
	s := batchSuite{newStore}
	t.Run("many records are loaded by their subjects", s.loadAll)
	t.Run("a subject that has no record in any store is left out", s.loadInvalid)
}

// batchSuite has a method for each test.
type batchSuite struct {
	newStore func(t *testing.T) BatchStore
}

func (s batchSuite) loadAll(t *testing.T) {
	store := s.newStore(t)
	const many = 120 // More than one request of DynamoDB can have.
	var subjects []string
	want := make(map[string]participant.Record)
	for n := range many {
		record := newRecord()
		if n%3 > 0 {
			commit(t, store, record)
			record.Version = 1
		} else {
			record = participant.Record{Subject: record.Subject}
		}
		subjects = append(subjects, record.Subject)
		want[record.Subject] = record
	}
	assertLoaded(t, store, subjects, want)
}

func (s batchSuite) loadInvalid(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	record.Version = 1
	assertLoaded(t, store, []string{"", record.Subject, "a#b"}, map[string]participant.Record{record.Subject: record})
}

func assertLoaded(t *testing.T, store BatchStore, subjects []string, want map[string]participant.Record) {
	t.Helper()
	got, err := store.LoadAll(t.Context(), subjects)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the records that are expected (-) and loaded (+):\n%s%v", diff, err)
	}
}
