package participant_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestEveryTextOfARecordCountsInItsSize(t *testing.T) {
	record := participant.Record{Handled: make([]participant.Handled, 2)}
	handled := &record.Handled[1]
	handled.Published = make([]event.Event, 2)
	published := &handled.Published[1]
	assertGrowth := func(grow func(), want int) {
		t.Helper()
		before := record.Size()
		grow()
		if got := record.Size() - before; got != want {
			t.Errorf("%d bytes more count as %d", want, got)
		}
	}
	text := strings.Repeat("x", 100)
	for _, place := range []*string{
		&record.Subject, &record.Owner, &record.Entry.Account,
		&handled.Source, &handled.ID, &handled.Type, &handled.CausationID, &handled.Digest,
		&published.ID, &published.Source, &published.Type, &published.Subject, &published.DataSchema,
		&published.CorrelationID, &published.CausationID, &published.TraceParent,
	} {
		assertGrowth(func() { *place = text }, len(text))
	}
	for _, place := range []*json.RawMessage{&record.State, &published.Data} {
		assertGrowth(func() { *place = json.RawMessage(text) }, len(text))
	}
}

// The numbers are those of the package documentation.
func TestARecordHasRoomForTheDocumentedNumberOfEvents(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, event.DeriveID("e-1"))
	cause.CausationID, cause.Subject = event.DeriveID("e-0"), event.DeriveID("o-1")
	w.mustHandle(t, cause)
	_, record, err := w.Load(t.Context(), cause.Subject)
	if err != nil {
		t.Fatal(err)
	}
	published := record.Handled[0].Published[0]
	published.TraceParent = traced(1)
	published.Data = json.RawMessage(`"` + strings.Repeat("x", 498) + `"`)
	for name, c := range map[string]struct {
		room      int
		published []event.Event
	}{"without published events": {2000, nil}, "with one each": {350, []event.Event{published}}} {
		full := participant.Record{Subject: cause.Subject, Owner: contract.SourceWarehouse, State: []byte(`{}`)}
		for range c.room {
			h := record.Handled[0]
			h.Published = c.published
			full.Handled = append(full.Handled, h)
		}
		if err := participant.CheckCommit(full, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if unused := participant.MaximumRecord - full.Size(); unused > participant.MaximumRecord/5 {
			t.Errorf("%s: %d bytes are unused: there is room for more than is documented", name, unused)
		}
	}
}
