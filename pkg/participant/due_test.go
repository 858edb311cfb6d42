package participant_test

import (
	"testing"
	"time"

	"example.com/saga/pkg/participant"
)

func TestARecordHasTheDueTimeOfItsStateAndDoesNotExpireUntilItEnds(t *testing.T) {
	at := time.Date(2026, 3, 4, 6, 6, 7, 999_000_000, time.UTC)
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Due = func(s state) time.Time {
			if s.Shipments == 1 {
				return at
			}
			return time.Time{}
		}
	})
	load := func() participant.Record {
		t.Helper()
		_, record, err := w.Load(t.Context(), "o-1")
		if err != nil {
			t.Fatal(err)
		}
		return record
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	if got, want := load(), at.Truncate(time.Second); !got.Due.Equal(want) || !got.ExpiresAt.IsZero() {
		t.Errorf("the record is due at %s, not at %s, and expires at %s, not never", got.Due, want, got.ExpiresAt)
	}
	w.mustHandle(t, w.placed(t, "e-2"))
	if got := load(); !got.Due.IsZero() || got.ExpiresAt.IsZero() {
		t.Errorf("the record is still due, at %s, or never expires", got.Due)
	}
}

func TestWithoutDueNothingIsEverDue(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	subjects, err := w.store.Due(t.Context(), w.clock().AddDate(100, 0, 0), 10)
	if err != nil || len(subjects) != 0 {
		t.Errorf("due are %v, %v", subjects, err)
	}
}

func TestAnEntryOfADueRecordDoesNotExpire(t *testing.T) {
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Due = func(s state) time.Time {
			if s.Shipments < 3 {
				return time.Unix(1_800_000_000, 0)
			}
			return time.Time{}
		}
	})
	w.mustHandle(t, w.placed(t, "e-1"))
	w.wait(retention + 24*time.Hour)
	w.mustHandle(t, w.placed(t, "e-2"))
	assertRemembered(t, w, "e-1", "e-2")
	w.mustHandle(t, w.placed(t, "e-3"))
	assertRemembered(t, w, "e-2", "e-3")
}
