package memory_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
)

func TestStore(t *testing.T) {
	participanttest.TestStore(t, func(*testing.T) participant.Store { return memory.NewStore() })
}

func TestBatches(t *testing.T) {
	participanttest.TestBatches(t, func(*testing.T) participanttest.BatchStore { return memory.NewStore() })
}

func TestCounters(t *testing.T) {
	participanttest.TestCounters(t, func(*testing.T) participanttest.CounterStore { return memory.NewStore() })
}

func TestDue(t *testing.T) {
	participanttest.TestDue(t, func(*testing.T) participanttest.DueStore { return memory.NewStore() })
}

func TestAccounts(t *testing.T) {
	participanttest.TestAccounts(t, func(*testing.T) participanttest.Accounts { return memory.NewStore() })
}

func valid(id string) event.Event {
	return event.Event{
		ID: id, Source: "depot", Type: "depot.parcel-left", Subject: "o-1", Time: time.Unix(1, 0).UTC(),
		DataSchema: "https://example.com/schema/1", CorrelationID: "c-1", Data: json.RawMessage(`{}`),
	}
}

func TestThePublisherKeepsWhatIsPublishedInOrder(t *testing.T) {
	var publisher memory.Publisher
	var all []event.Event
	for _, batch := range [][]event.Event{{valid("1"), valid("2")}, {valid("3")}} {
		if err := publisher.Publish(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
		if diff := cmp.Diff(all, publisher.Published()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestThePublisherRefusesAnEventThatCannotBeEncoded(t *testing.T) {
	var publisher memory.Publisher
	if err := publisher.Publish(t.Context(), event.Event{ID: "1"}); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, not ErrInvalid", err)
	}
	if published := publisher.Published(); len(published) != 0 {
		t.Errorf("published: %v", published)
	}
}

func TestAWriteOfTheContextsOwnIsKeptIfItsCommitIsMade(t *testing.T) {
	store := memory.NewStore()
	first := participant.Record{Subject: "o-1", State: []byte(`{}`)}
	for n, write := range []string{"made", "lost"} {
		err := store.Commit(t.Context(), first, []participant.Adjustment{{Item: "invoice#1", Write: write}})
		if lost := errors.Is(err, participant.ErrConflict); lost != (n == 1) {
			t.Errorf("%s: the error is %v", write, err)
		}
		if diff := cmp.Diff([]any{"made"}, store.Writes()); diff != "" {
			t.Error(diff)
		}
	}
}
