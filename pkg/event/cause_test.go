package event_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// unencodable is data that cannot be encoded as JSON.
type unencodable struct {
	Never func() `json:"never"`
}

func (unencodable) EventType() string { return "depot.unencodable" }

func TestACausedEvent(t *testing.T) {
	at := time.Date(2026, 3, 4, 6, 6, 7, 0, time.FixedZone("", 3600))
	got, err := event.Caused(event.Cause{Event: full()}, "porter", parcel{Label: "x"}, 0, at)
	if err != nil {
		t.Fatal(err)
	}
	want := event.Event{
		ID:            got.ID,
		Source:        "porter",
		Type:          "depot.parcel-left",
		Subject:       "order-1",
		Time:          at.UTC(),
		CorrelationID: "c-1",
		CausationID:   "e-2",
		Data:          json.RawMessage(`{"label":"x"}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEventOfACommandHasNoCausationID(t *testing.T) {
	e, err := event.Caused(event.Cause{Event: full(), IsCommand: true}, "porter", parcel{}, 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if e.CausationID != "" || e.CorrelationID != "c-1" {
		t.Errorf("causation id %q, correlation id %q", e.CausationID, e.CorrelationID)
	}
}

func TestDataThatCannotBeEncodedIsAnError(t *testing.T) {
	if _, err := event.Caused(event.Cause{Event: full()}, "porter", unencodable{}, 0, time.Now()); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheIDDependsOnlyOnCauseTypeAndOrdinal(t *testing.T) {
	id := func(cause event.Event, data event.Data, ordinal int, at time.Time) string {
		t.Helper()
		e, err := event.Caused(event.Cause{Event: cause}, "porter", data, ordinal, at)
		if err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first := id(full(), parcel{Label: "x"}, 0, at)

	later := full()
	later.Time, later.Subject, later.CorrelationID = at.Add(time.Hour), "order-2", "c-2"
	if again := id(later, parcel{Label: "y"}, 0, at.Add(time.Minute)); again != first {
		t.Errorf("the id is %s, at first it was %s", again, first)
	}
	otherID, otherSource := full(), full()
	otherID.ID, otherSource.Source = "e-3", "porter"
	for name, other := range map[string]string{
		"another cause":             id(otherID, parcel{}, 0, at),
		"another source of a cause": id(otherSource, parcel{}, 0, at),
		"another type":              id(full(), crate{}, 0, at),
		"another ordinal":           id(full(), parcel{}, 1, at),
	} {
		if other == first {
			t.Errorf("%s has the same id", name)
		}
	}
}

type crate struct{}

func (crate) EventType() string { return "depot.crate-left" }

func TestADerivedIDNeverChangesBetweenReleases(t *testing.T) {
	const want = "750346c1-a91b-5934-b155-8e123b9e6bd9"
	if got := event.DeriveID("depot", "e-1", "depot.parcel-left", "0"); got != want {
		t.Errorf("the id is %s, events in flight have %s", got, want)
	}
}

func TestOtherPartsHaveAnotherID(t *testing.T) {
	ids := make(map[string][]string)
	for _, parts := range [][]string{
		nil,
		{""},
		{"", ""},
		{"ab", "c"},
		{"a", "bc"},
		{"abc"},
		{"a", "b"},
		{"a\nb"},
		{"a\n", "b"},
		{"a", "\nb"},
		{"a\n\nb"},
		{"a", "", "b"},
		{"\n"},
		{"", "", ""},
		{`["a" "b"]`},
		{`["a\nb"]`},
		{"a\n", "\xff"},
		{"a\n", "\uFFFD"},
		{"a\n", `\xff`},
	} {
		id := event.DeriveID(parts...)
		if others, known := ids[id]; known {
			t.Errorf("%q has the id of %q", parts, others)
		}
		ids[id] = parts
	}
}
