package participant_test

import (
	"testing"
	"time"

	"example.com/saga/pkg/participant"
)

// withEntry sets the entry of an order that was shipped once.
func withEntry(entry participant.Entry) func(*participant.Config[state]) {
	return func(c *participant.Config[state]) {
		c.Entry = func(s state) participant.Entry {
			if s.Shipments == 1 {
				return entry
			}
			return participant.Entry{}
		}
	}
}

func TestARecordHasTheEntryOfItsStateAndDoesNotExpireBeforeIt(t *testing.T) {
	year := time.Date(2027, 3, 4, 6, 6, 7, 999_000_000, time.UTC)
	w := newWarehouse(t, ship, withEntry(participant.Entry{Account: "a", Amount: 25, ExpiresAt: year}))
	load := func() participant.Record {
		t.Helper()
		_, record, err := w.Load(t.Context(), "o-1")
		if err != nil {
			t.Fatal(err)
		}
		return record
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	want := participant.Entry{Account: "a", Amount: 25, ExpiresAt: year.Truncate(time.Second)}
	if got := load(); got.Entry != want || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("the entry is %+v, and the record expires at %s", got.Entry, got.ExpiresAt)
	}
	w.mustHandle(t, w.placed(t, "e-2"))
	if got := load(); got.Entry != (participant.Entry{}) || !got.ExpiresAt.Before(want.ExpiresAt) {
		t.Errorf("the entry is still %+v, or the record still expires at %s", got.Entry, got.ExpiresAt)
	}
}

func TestARecordIsKeptForTheRetentionIfItsEntryExpiresEarlier(t *testing.T) {
	plain := newWarehouse(t, ship)
	early := newWarehouse(t, ship, withEntry(participant.Entry{Account: "a", Amount: 1, ExpiresAt: plain.clock().Add(time.Second)}))
	var expire [2]time.Time
	for n, w := range []*warehouse{plain, early} {
		w.mustHandle(t, w.placed(t, "e-1"))
		_, record, err := w.Load(t.Context(), "o-1")
		if err != nil {
			t.Fatal(err)
		}
		expire[n] = record.ExpiresAt
	}
	if !expire[0].Equal(expire[1]) {
		t.Errorf("the record expires at %s instead of %s", expire[1], expire[0])
	}
}

func TestAnEntryWithoutAnAccountOrAnExpiryIsInvalid(t *testing.T) {
	year := time.Date(2027, 3, 4, 6, 6, 7, 0, time.UTC)
	for name, entry := range map[string]participant.Entry{
		"no account": {Amount: 25, ExpiresAt: year},
		"no expiry":  {Account: "a", Amount: 25},
	} {
		w := newWarehouse(t, ship, withEntry(entry))
		assertInvalid(t, w.Handle(t.Context(), w.placed(t, "e-1")), "the entry of o-1 has no account or no expiry")
		if record, committed := w.store.Records()["o-1"]; committed {
			t.Errorf("%s: %+v is committed", name, record)
		}
	}
}

func TestAnErasureDoesNotPublishEventsAgainThatEveryConsumerRefuses(t *testing.T) {
	year := time.Date(2027, 3, 4, 6, 6, 7, 0, time.UTC)
	for age, want := range map[time.Duration]int{retention: 2, retention + time.Second: 0} {
		w := newWarehouse(t, ship, withEntry(participant.Entry{Account: "a", Amount: 25, ExpiresAt: year}))
		w.mustHandle(t, w.placed(t, "e-1"))
		before := len(w.publisher.Published())
		w.wait(age)
		if err := w.Erase(t.Context(), "o-1", func(s state) (state, []participant.Adjustment, error) { return s, nil, nil }); err != nil {
			t.Fatal(err)
		}
		if got := len(w.publisher.Published()) - before; got != want {
			t.Errorf("after %s %d events are published again, want %d", age, got, want)
		}
	}
}

func TestAnErasedRecordHasNoEntry(t *testing.T) {
	year := time.Date(2027, 3, 4, 6, 6, 7, 0, time.UTC)
	w := newWarehouse(t, ship, withEntry(participant.Entry{Account: "a", Amount: 25, ExpiresAt: year}))
	w.mustHandle(t, w.placed(t, "e-1"))
	if err := w.Erase(t.Context(), "o-1", func(s state) (state, []participant.Adjustment, error) { return s, nil, nil }); err != nil {
		t.Fatal(err)
	}
	if balance, err := w.store.Balance(t.Context(), "a", time.Time{}); balance != 0 || err != nil {
		t.Errorf("the balance is %d, %v", balance, err)
	}
}
