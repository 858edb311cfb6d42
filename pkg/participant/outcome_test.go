package participant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

func TestTheOutcomeIsWhetherAnEventWasHandledBefore(t *testing.T) {
	for name, begins := range map[string][]event.Data{"loaded": nil, "guessed": {contract.OrderPlaced{}}} {
		w := newWarehouse(t, shipUnlessErased, func(c *participant.Config[state]) { c.Begins = begins })
		handle := func(want participant.Outcome, wantErr error) {
			t.Helper()
			got, err := w.HandleOutcome(t.Context(), w.placed(t, "e-1"))
			if got != want || !errors.Is(err, wantErr) || wantErr == nil && err != nil {
				t.Errorf("%s: the outcome is %q, %v, not %q, %v", name, got, err, want, wantErr)
			}
		}
		w.store.before = once(always)
		handle("", errBroken)
		w.heal()
		w.publisher.before = func(int) error { return errBroken }
		handle(participant.First, participant.ErrUnpublished)
		handle(participant.Duplicate, participant.ErrUnpublished)
		w.heal()
		handle(participant.Duplicate, nil)
		w.assertShipments(t, 1)
		w.mustErase(t)
		handle(participant.Ignored, nil)
	}
}

func TestTheOutcomeOfACommandThatLosesARaceToItselfIsDuplicate(t *testing.T) {
	w := newWarehouse(t, ship)
	command := event.Event{ID: "k-1", Source: "desk", Type: "desk.order", Subject: "o-1", Time: w.now, CorrelationID: "c-1"}
	rival := w.rival(t)
	w.store.before = func(commit int) error {
		if commit > 1 {
			return nil
		}
		_, outcome, err := rival.ExecuteOutcome(t.Context(), command, order{"123", "north"})
		if outcome != participant.First {
			t.Errorf("the outcome of the rival is %q", outcome)
		}
		return err
	}
	s, outcome, err := w.ExecuteOutcome(t.Context(), command, order{"123", "north"})
	if s.Shipments != 1 || outcome != participant.Duplicate || err != nil {
		t.Errorf("the outcome is %q after %d shipments, %v", outcome, s.Shipments, err)
	}
	if _, outcome, err = w.ExecuteOutcome(t.Context(), command, order{"456", "north"}); outcome != "" || !errors.Is(err, participant.ErrOtherContent) {
		t.Errorf("the outcome of other content is %q, %v", outcome, err)
	}
}

// The event is delivered twice. The second time it is a duplicate.
func ExampleParticipant_HandleOutcome() {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	p, err := participant.New(participant.Config[till]{
		Source: "till", Decide: participant.Pure(take), Store: memory.NewStore(), Publisher: &memory.Publisher{}, Language: dialect{},
		Retention: 15 * 24 * time.Hour, Clock: func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		fmt.Println(p.HandleOutcome(context.Background(), event.Event{
			ID: "1", Source: "depot", Type: "depot.reserved", Subject: "order-1", Time: now, CorrelationID: "saga-1",
			DataSchema: "https://example.com/schema/depot.reserved", Data: json.RawMessage(`{"Total": 2500}`),
		}))
	}
	// Output:
	// first <nil>
	// duplicate <nil>
}
