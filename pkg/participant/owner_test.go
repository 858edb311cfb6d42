package participant_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestTheRecordOfAnotherParticipantIsAnErrorAndStays(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	_, before, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	command := event.Event{ID: "c-1", Source: "test", Type: "ship", Subject: "o-1", CorrelationID: "c-1"}
	for name, begins := range map[string][]event.Data{"loaded": nil, "guessed": {contract.OrderPlaced{}}} {
		config := w.config
		config.Source, config.Begins = contract.SourcePayment, begins
		config.Decide = participant.Pure(func(s state, _ participant.Input) (decision, error) { return decision{State: s}, nil })
		other, err := participant.New(config)
		if err != nil {
			t.Fatal(err)
		}
		published := len(w.publisher.Published())
		_, _, loaded := other.Load(t.Context(), "o-1")
		_, executed := other.Execute(t.Context(), command, contract.OrderPlaced{})
		delivery := event.Delivery{Event: w.placed(t, "e-2"), Context: t.Context()}
		batch := other.HandleBatch(t.Context(), []event.Delivery{delivery, delivery})
		for call, err := range map[string]error{
			"Load": loaded, "Execute": executed, "Handle": other.Handle(t.Context(), w.placed(t, "e-1")), "first of a batch": batch[0], "second": batch[1],
			"Erase": other.Erase(t.Context(), "o-1", func(s state) (state, []participant.Adjustment, error) { return s, nil, nil }),
		} {
			if !errors.Is(err, participant.ErrOtherOwner) || errors.Is(err, event.ErrInvalid) {
				t.Errorf("%s, %s: the error is %v", name, call, err)
			}
		}
		if got := len(w.publisher.Published()); got != published {
			t.Errorf("%s: %d events are published", name, got-published)
		}
	}
	_, after, err := w.Load(t.Context(), "o-1")
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("the record has changed: %s%v", diff, err)
	}
}

func TestARecordWithoutAnOwnerGetsOneWithTheNextCommit(t *testing.T) {
	w := newWarehouse(t, ship)
	err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "o-1", State: []byte(`{"Shipments":0}`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil || record.Owner != contract.SourceWarehouse || record.Version != 2 {
		t.Errorf("the owner is %q in commit %d, %v", record.Owner, record.Version, err)
	}
}
