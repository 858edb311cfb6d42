package participant_test

import (
	"testing"
	"time"
)

func TestARecordIsDueWhenItsStateSaysSo(t *testing.T) {
	w := newWarehouse(t, ship)
	at := w.clock().Add(time.Hour + 999*time.Millisecond)
	w.Due = func(s state) time.Time {
		if s.Shipments == 1 {
			return at
		}
		return time.Time{}
	}
	due := func() time.Time {
		t.Helper()
		_, record, err := w.Load(t.Context(), "o-1")
		if err != nil {
			t.Fatal(err)
		}
		return record.Due
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	if got, want := due(), at.Truncate(time.Second); !got.Equal(want) {
		t.Errorf("the record is due at %s, not at %s", got, want)
	}
	w.mustHandle(t, w.placed(t, "e-2"))
	if got := due(); !got.IsZero() {
		t.Errorf("the record is still due, at %s", got)
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
