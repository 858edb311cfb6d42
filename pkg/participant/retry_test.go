package participant_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestAfterALostRaceTheDecisionIsMadeAgainOnTheNewState(t *testing.T) {
	w := newWarehouse(t, ship)
	rival := w.rival(t)
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
	rival := w.rival(t)
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
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Pause = func(context.Context, int) error { return context.DeadlineExceeded }
	})
	w.store.before = func(int) error { return participant.ErrConflict }
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error %v is not both the conflict and the error of the pause", err)
	}
	if w.store.commits != 1 {
		t.Errorf("%d commits", w.store.commits)
	}
}

func TestADecisionIsMadeAgainWithTheRefusedItems(t *testing.T) {
	var counters participant.Counters
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		counters = in.Counters
		return ship(s, in)
	})
	takeAll := []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": -100}}}
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "other", State: []byte("{}")}, takeAll); err != nil {
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
	if diff := cmp.Diff(participant.Counters{stock: {"on_hand": 0}}, counters); diff != "" {
		t.Errorf("the counters (-want +got):\n%s", diff)
	}
	published := w.publisher.Published()
	if len(published) != 1 || published[0].Type != "warehouse.stock-unavailable" {
		t.Errorf("published: %v", encoded(t, published))
	}
}

func TestARefusalIsNotKeptAfterALostRace(t *testing.T) {
	var refused [][]string
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		refused = append(refused, in.Refused)
		return decision{State: s}, nil
	})
	w.store.before = func(commit int) error {
		return []error{&participant.RefusedError{Items: []string{stock}}, participant.ErrConflict, nil}[commit-1]
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	if diff := cmp.Diff([][]string{nil, {stock}, nil}, refused); diff != "" {
		t.Error(diff)
	}
}

func TestAfterEightRefusalsTheErrorIsTheRefusal(t *testing.T) {
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
