// Package participanttest is the test suite for every participant.Store, in memory or
// on DynamoDB, and a check that a table of decisions is complete.
//
// TestStore is for every store. Whether a store can do more is declared by the test that
// calls TestBatches, TestCounters, TestDue or TestAccounts: none of them is left out
// because of a method that is missing.
package participanttest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// TestStore checks that a store keeps the contract of participant.Store. Every test
// makes its store with newStore. The stores may share a table, even one with other
// content, because all names in the tests are unique.
func TestStore(t *testing.T, newStore func(t *testing.T) participant.Store) {
	t.Helper()
	s := suite{newStore}
	t.Run("nothing is recorded about an unknown subject", s.unknownSubject)
	t.Run("a record is loaded as it was committed", s.roundTrip)
	t.Run("a record has the owner that has committed it", s.owner)
	t.Run("a commit replaces the record", s.replace)
	t.Run("a record need not expire", s.unexpiring)
	t.Run("a tombstone takes the place of all that was recorded", s.tombstone)
	t.Run("a loaded record is a copy", s.loadedIsACopy)
	t.Run("a committed record is copied", s.committedIsACopy)

	t.Run("a first commit over an existing record is a conflict", s.firstOverExisting)
	t.Run("a first commit over an existing record returns it", s.standing)
	t.Run("a commit of a version loaded earlier is a conflict", s.staleVersion)
	t.Run("a commit of a later version than there is is a conflict", s.versionThatNeverWas)
	t.Run("one of many concurrent first commits wins", s.concurrentFirstCommits)

	t.Run("a record has a largest size", s.sizeLimit)
	t.Run("a subject has a longest length", s.subjectLimit)
	t.Run("a state or data that is not JSON is not committed", s.notJSON)
	t.Run("an adjustment is never ignored", s.ignoredAdjustment)

	t.Run("a record expires after the last time of its events", s.expiry)
	t.Run("a participant does not touch the record of another", s.otherOwner)
	t.Run("an event whose decision cannot be encoded is invalid", s.unencodable)
}

// suite has a method for each test.
type suite struct {
	newStore func(t *testing.T) participant.Store
}

// unique makes a name that no other test and no other run uses.
func unique(prefix string) string { return prefix + "-" + uuid.NewString() }

// newRecord makes a record of a new subject, as if nothing was recorded before.
func newRecord() participant.Record {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)
	subject := unique("order")
	return participant.Record{
		Subject: subject,
		Owner:   "warehouse",
		State:   json.RawMessage(`{"status":"reserved","note":"<é>\u2028"}`),
		Handled: []participant.Handled{
			{
				Source: "order", ID: unique("first"), Type: "order.placed", Digest: "abcdEFGH_-123456",
				OccurredAt: at.Add(-3 * time.Millisecond), HandledAt: at,
				Published: []event.Event{newEvent(subject, at, 0), newEvent(subject, at, 1)},
			},
			{
				Source: "loyalty", ID: unique("second"), Type: "loyalty.points-awarded", CausationID: "first",
				OccurredAt: at.Add(time.Second), HandledAt: at.Add(2 * time.Second),
			},
		},
		ExpiresAt: time.Date(2026, 4, 5, 6, 7, 8, 0, time.UTC),
	}
}

func newEvent(subject string, at time.Time, ordinal int) event.Event {
	return event.Event{
		ID:            unique("event"),
		Source:        "warehouse",
		Type:          "warehouse.stock-reserved",
		Subject:       subject,
		Time:          at,
		DataSchema:    "https://example.com/schema/1",
		CorrelationID: "correlation",
		CausationID:   "first",
		TraceParent:   []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""}[ordinal],
		Data:          json.RawMessage([]string{`{"text":"\u003cé\u003e","n":1}`, `{}`}[ordinal]),
	}
}

func load(t *testing.T, store participant.Store, subject string) participant.Record {
	t.Helper()
	record, err := store.Load(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func commit(t *testing.T, store participant.Store, record participant.Record, adjustments ...participant.Adjustment) {
	t.Helper()
	if err := store.Commit(t.Context(), record, adjustments); err != nil {
		t.Fatal(err)
	}
}

func assertRecord(t *testing.T, store participant.Store, want participant.Record) {
	t.Helper()
	if diff := cmp.Diff(want, load(t, store, want.Subject), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the record that is expected (-) and loaded (+):\n%s", diff)
	}
}
