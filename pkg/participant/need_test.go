package participant_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

const reserve = "reserve#123"

// refill takes a piece from another item than the stock, which it fills from the stock if it
// is refused.
func refill(s state, in participant.Input) (decision, error) {
	switch {
	case len(in.Refused) == 0:
		return decision{State: state{Shipments: 1}, Adjustments: []participant.Adjustment{{Item: reserve, Add: map[string]int64{"on_hand": -1}}}}, nil
	case in.Counters[stock] == nil:
		return decision{State: s, Reads: []string{stock}}, nil
	case in.Counters[stock]["on_hand"] == 0:
		return decision{State: state{Refused: in.Refused}}, nil
	}
	half := (in.Counters[stock]["on_hand"] + 1) / 2
	return decision{Moves: []participant.Adjustment{
		{Item: stock, Add: map[string]int64{"on_hand": -half}}, {Item: reserve, Add: map[string]int64{"on_hand": half}},
	}}, nil
}

func (w *warehouse) onHand(t *testing.T, item string) int64 {
	t.Helper()
	counters, err := w.store.Counters(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return counters["on_hand"]
}

func TestADecisionIsMadeAgainAfterItsReadsAndItsMoves(t *testing.T) {
	w := newWarehouse(t, refill)
	w.mustHandle(t, w.placed(t, "e-1"))
	s, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state{Shipments: 1}, s); diff != "" || record.Version != 1 {
		t.Errorf("the state of version %d (-want +got):\n%s", record.Version, diff)
	}
	if left, reserved := w.onHand(t, stock), w.onHand(t, reserve); left != 50 || reserved != 49 {
		t.Errorf("%d and %d pieces are on hand", left, reserved)
	}
}

func TestEventsOfABatchThatNeedSomethingFirstAreHandledOneByOne(t *testing.T) {
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		if in.Counters == nil {
			return decision{Reads: []string{stock}}, nil
		}
		return decision{State: state{Shipments: s.Shipments + 1}}, nil
	})
	var deliveries []event.Delivery
	for _, id := range []string{"e-1", "e-2"} {
		deliveries = append(deliveries, event.Delivery{Event: w.placed(t, id), Context: t.Context()})
	}
	if err := errors.Join(w.HandleBatch(t.Context(), deliveries)...); err != nil {
		t.Fatal(err)
	}
	s, record, err := w.Load(t.Context(), "o-1")
	if err != nil || s.Shipments != 2 || record.Version != 2 {
		t.Errorf("version %d has %+v, %v", record.Version, s, err)
	}
}

func TestAMoveThatIsRefusedIsAConflict(t *testing.T) {
	w := newWarehouse(t, func(state, participant.Input) (decision, error) {
		return decision{Moves: []participant.Adjustment{
			{Item: stock, Add: map[string]int64{"on_hand": -101}}, {Item: reserve, Add: map[string]int64{"on_hand": 101}},
		}}, nil
	})
	err := w.Handle(t.Context(), w.placed(t, "e-1"))
	if !errors.Is(err, participant.ErrConflict) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	if len(w.pauses) != 7 || w.onHand(t, stock) != 100 || w.onHand(t, reserve) != 0 {
		t.Errorf("after the pauses %v there are %d and %d pieces", w.pauses, w.onHand(t, stock), w.onHand(t, reserve))
	}
}

func TestADecisionThatNeverHasEnoughIsDeliveredAgain(t *testing.T) {
	w := newWarehouse(t, func(state, participant.Input) (decision, error) { return decision{Reads: []string{stock}}, nil })
	err := w.Handle(t.Context(), w.placed(t, "e-1"))
	if !errors.Is(err, participant.ErrConflict) || !strings.Contains(err.Error(), "more than 200 reads and moves") {
		t.Errorf("the error is %v", err)
	}
}

// fixed is a store without the methods of a participant.Mover.
type fixed struct{ participant.Store }

func TestAStoreThatMovesNothingIsAnError(t *testing.T) {
	decided := 0
	w := newWarehouse(t, func(state, participant.Input) (decision, error) {
		decided++
		return decision{Reads: []string{stock}}, nil
	}, func(c *participant.Config[state]) { c.Store = fixed{c.Store} })
	err := w.Handle(t.Context(), w.placed(t, "e-1"))
	const want = "the store of warehouse neither reads nor moves counters"
	if err == nil || errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v", err)
	}
	if decided != 1 {
		t.Errorf("it was decided %d times", decided)
	}
}

// immovable is a store whose reads and moves of counters fail.
type immovable struct{ *breakable }

func (immovable) CountersOf(context.Context, ...string) (participant.Counters, error) {
	return nil, errBroken
}

func (immovable) Move(context.Context, []participant.Adjustment) error { return errBroken }

func TestAReadOrAMoveThatFailsFailsTheEvent(t *testing.T) {
	for name, needed := range map[string]decision{
		"read": {Reads: []string{stock}},
		"move": {Moves: []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": 1}}}},
	} {
		decided := 0
		w := newWarehouse(t, func(state, participant.Input) (decision, error) {
			decided++
			return needed, nil
		}, func(c *participant.Config[state]) { c.Store = immovable{c.Store.(*breakable)} })
		if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, errBroken) || decided != 1 {
			t.Errorf("%s: the error is %v after %d decisions", name, err, decided)
		}
		assertCalls(t, w, 1, 0, 0)
	}
}

func TestADecisionKeepsWhatItHasReadBefore(t *testing.T) {
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		for _, item := range []string{stock, reserve} {
			if _, isRead := in.Counters[item]; !isRead {
				return decision{Reads: []string{item}}, nil
			}
		}
		return decision{State: s}, nil
	})
	w.mustHandle(t, w.placed(t, "e-1"))
}
