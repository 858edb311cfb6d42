package participant_test

import (
	"errors"
	"testing"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestARecordIsKeptForLongerThanItsEventsAreRemembered(t *testing.T) {
	summer := time.Date(2027, 7, 8, 0, 0, 0, 0, time.UTC)
	w := newWarehouse(t, ship, func(c *participant.Config[state]) { c.KeepUntil = func(state) time.Time { return summer } })
	booked := w.placed(t, "e-1")
	w.mustHandle(t, booked)
	w.wait(180 * 24 * time.Hour)
	w.mustHandle(t, w.placed(t, "e-2"))

	s, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if s.Shipments != 2 || len(record.Handled) != 1 || !record.ExpiresAt.Equal(summer) {
		t.Errorf("after %d shipments %d events are remembered until %s", s.Shipments, len(record.Handled), record.ExpiresAt)
	}
	if err := w.Handle(t.Context(), booked); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error of an event that is forgotten is %v, not ErrInvalid", err)
	}
}

func TestARecordIsKeptForAtLeastAsLongAsItsEventsAreRemembered(t *testing.T) {
	for name, until := range map[string]time.Time{"never": {}, "in the past": time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)} {
		w := newWarehouse(t, ship, func(c *participant.Config[state]) { c.KeepUntil = func(state) time.Time { return until } })
		w.mustHandle(t, w.placed(t, "e-1"))
		_, record, err := w.Load(t.Context(), "o-1")
		if want := w.clock().Add(retention + time.Hour); err != nil || !record.ExpiresAt.Equal(want) {
			t.Errorf("%s: the record expires at %s, %v, not %s", name, record.ExpiresAt, err, want)
		}
	}
}
