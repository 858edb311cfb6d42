package participant_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestAnEventHasItsEffectAndPublishesWhatWasDecided(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)

	w.assertShipments(t, 1)
	published := w.publisher.Published()
	if len(published) != 2 {
		t.Fatalf("%d events are published", len(published))
	}
	for i, e := range published {
		want := event.Event{
			ID:            event.DeriveID("order", "e-1", e.Type, []string{"0", "1"}[i]),
			Source:        "warehouse",
			Type:          []string{"warehouse.stock-reserved", "warehouse.order-shipped"}[i],
			Subject:       "o-1",
			Time:          w.now,
			DataSchema:    "https://example.com/saga/schema/" + e.Type + "/1",
			CorrelationID: "c-1",
			CausationID:   "e-1",
			Data:          e.Data,
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
		if _, err := w.Language.Read(e); err != nil {
			t.Error(err)
		}
	}
}

func TestTheRecordSaysWhatWasHandled(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	cause.CausationID = "e-0"
	cause.Time = cause.Time.Add(123456 * time.Nanosecond)
	w.wait(time.Second)
	w.mustHandle(t, cause)

	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []participant.Handled{{
		Source: "order", ID: "e-1", Type: "order.placed", CausationID: "e-0",
		Time: cause.Time.Truncate(time.Millisecond), At: w.now, Published: w.publisher.Published(),
	}}
	if diff := cmp.Diff(want, record.Handled); diff != "" {
		t.Error(diff)
	}
	if record.ExpiresAt.Before(w.now.Add(retention)) {
		t.Errorf("the record expires at %s, within its retention", record.ExpiresAt)
	}
}

func TestADuplicatePublishesTheSameAgainAndWritesNothing(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	first := encoded(t, w.publisher.Published())

	w.wait(time.Hour)
	w.mustHandle(t, cause)

	w.assertShipments(t, 1)
	if w.store.commits != 1 || w.store.loads != 3 { // one load is that of the assertion
		t.Errorf("%d commits and %d loads", w.store.commits, w.store.loads)
	}
	again := encoded(t, w.publisher.Published()[len(first):])
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameIDFromAnotherSourceIsAnotherEvent(t *testing.T) {
	var sources []string
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		sources = append(sources, in.Event.Source)
		return decision{State: s}, nil
	})
	w.mustHandle(t, w.placed(t, "e-1"))
	declined, err := w.Language.Write(event.Event{
		ID: "e-1", Source: contract.SourcePayment, Type: contract.PaymentDeclined{}.EventType(), Subject: "o-1",
		Time: w.now, CorrelationID: "c-1", Data: json.RawMessage(`{"reason":"payment-declined"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, declined)
	if diff := cmp.Diff([]string{"order", "payment"}, sources); diff != "" {
		t.Error(diff)
	}
}

func TestNothingToPublishDoesNotAskThePublisher(t *testing.T) {
	w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) { return decision{State: s}, nil })
	w.publisher.before = func(int) error { return errBroken }
	w.mustHandle(t, w.placed(t, "e-1"))
}

func TestAfterALostRaceTheDecisionIsTakenAgainOnTheNewState(t *testing.T) {
	w := newWarehouse(t, ship)
	rival := *w.Participant
	rival.Store = w.store.Store
	w.store.before = func(commit int) error {
		if commit == 1 {
			return rival.Handle(t.Context(), w.placed(t, "e-rival"))
		}
		return nil
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	w.assertShipments(t, 2)
	if diff := cmp.Diff([]int{1}, w.pauses); diff != "" {
		t.Errorf("the pauses: %s", diff)
	}
}

func TestARaceLostToTheSameEventPublishesWhatTheWinnerCommitted(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	rival := *w.Participant
	rival.Store = w.store.Store
	w.store.before = func(int) error {
		err := rival.Handle(t.Context(), cause)
		w.wait(time.Minute)
		return err
	}
	w.mustHandle(t, cause)
	w.assertShipments(t, 1)
	if ids := assertOneContentPerID(t, w.publisher.Published()); len(ids) != 2 {
		t.Errorf("the ids %v are published", ids)
	}
}

func TestTooManyLostRacesAreAConflict(t *testing.T) {
	w := newWarehouse(t, ship)
	w.store.before = func(int) error { return participant.ErrConflict }
	err := w.Handle(t.Context(), w.placed(t, "e-1"))
	if !errors.Is(err, participant.ErrConflict) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, not just ErrConflict", err)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7}, w.pauses); diff != "" {
		t.Errorf("the pauses: %s", diff)
	}
	w.assertShipments(t, 0)
}

func TestAnInterruptedPauseEndsTheHandling(t *testing.T) {
	w := newWarehouse(t, ship)
	w.store.before = func(int) error { return participant.ErrConflict }
	w.Pause = func(context.Context, int) error { return context.DeadlineExceeded }
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if w.store.commits != 1 {
		t.Errorf("%d commits", w.store.commits)
	}
}

func TestTheDecisionIsToldWhatWasRefused(t *testing.T) {
	w := newWarehouse(t, ship)
	takeAll := []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": -100}}}
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "other"}, takeAll); err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, w.placed(t, "e-1"))

	s, _, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state{Refused: []string{stock}}, s); diff != "" {
		t.Error(diff)
	}
	published := w.publisher.Published()
	if len(published) != 1 || published[0].Type != "warehouse.stock-unavailable" {
		t.Errorf("published: %v", encoded(t, published))
	}
}

func TestARefusalIsForgottenAfterALostRace(t *testing.T) {
	var told [][]string
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		told = append(told, in.Refused)
		return decision{State: s}, nil
	})
	w.store.before = func(commit int) error {
		return []error{&participant.RefusedError{Items: []string{stock}}, participant.ErrConflict, nil}[commit-1]
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	if diff := cmp.Diff([][]string{nil, {stock}, nil}, told); diff != "" {
		t.Error(diff)
	}
}

func TestADecisionThatIsRefusedForEverGivesUp(t *testing.T) {
	w := newWarehouse(t, ship)
	w.store.before = func(int) error { return &participant.RefusedError{Items: []string{stock}} }
	err := w.Handle(t.Context(), w.placed(t, "e-1"))
	if refused, ok := errors.AsType[*participant.RefusedError](err); !ok || !slices.Equal(refused.Items, []string{stock}) {
		t.Errorf("the error is %v, not the refusal", err)
	}
	if w.store.commits != 8 || len(w.pauses) != 0 {
		t.Errorf("%d commits with %d pauses", w.store.commits, len(w.pauses))
	}
}

func TestAnErrorOfTheDecisionPassesAndNothingIsCommitted(t *testing.T) {
	w := newWarehouse(t, func(state, participant.Input) (decision, error) { return decision{}, errBroken })
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if w.store.commits != 0 || len(w.publisher.Published()) != 0 {
		t.Errorf("%d commits, published: %v", w.store.commits, w.publisher.Published())
	}
}

func TestExecuteGivesTheStateAndExecutesACommandOnce(t *testing.T) {
	w := newWarehouse(t, ship)
	command := event.Event{ID: "k-1", Source: "desk", Type: "place", Subject: "o-1", Time: w.now, CorrelationID: "c-1"}
	for range 2 {
		s, err := w.Execute(t.Context(), command, contract.OrderPlaced{})
		if err != nil || s.Shipments != 1 {
			t.Errorf("the state is %+v, %v", s, err)
		}
		w.wait(time.Minute)
	}
	w.assertShipments(t, 1)
	published := w.publisher.Published()
	if len(published) != 4 || published[0].CausationID != "" || published[0].CorrelationID != "c-1" {
		t.Errorf("published: %v", encoded(t, published))
	}
	assertOneContentPerID(t, published)
}

func TestNothingIsLoadedOfAnUnknownSubject(t *testing.T) {
	s, record, err := newWarehouse(t, ship).Load(t.Context(), "o-9")
	if err != nil || record.Version != 0 || s.Shipments != 0 {
		t.Errorf("%+v, %+v, %v", s, record, err)
	}
}

func TestAStateThatCannotBeReadIsAnError(t *testing.T) {
	w := newWarehouse(t, ship)
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "o-1", State: []byte("[]")}, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); err == nil || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v: it must be one that is tried again", err)
	}
}
