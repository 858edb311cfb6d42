package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// inputs are events and commands about one order.
func inputs() []event.Data {
	var inputs []event.Data
	seen := make(map[string]bool)
	for _, r := range table() {
		if !seen[r.input.EventType()] {
			seen[r.input.EventType()] = true
			inputs = append(inputs, r.input)
		}
	}
	return inputs
}

// step makes a decision twice, and fails the test if the two differ. An error changes
// nothing.
func step(t *rapid.T, state order.State, data event.Data) order.Decision {
	first, err := order.Decide(state, input(data))
	again, errAgain := order.Decide(state, input(data))
	if diff := cmp.Diff(first, again); diff != "" || (err == nil) != (errAgain == nil) {
		t.Fatalf("the second decision differs: %s, %v, %v", diff, err, errAgain)
	}
	if err != nil {
		return order.Decision{State: state}
	}
	return first
}

func TestAnOrderThatHasEndedNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]namedState{shipped, cancelled, erased}).Draw(t, "end").State
		before := state.Status()
		for _, data := range rapid.SliceOf(rapid.SampledFrom(inputs())).Draw(t, "history") {
			decision := step(t, state, data)
			state = decision.State
			if state.Status() != before || !state.Ended() || len(decision.Events) != 0 {
				t.Fatalf("%s makes it %s and publishes %v", data.EventType(), state.Status(), decision.Events)
			}
		}
	})
}

func TestAnOrderIsPlacedOnceAndCancelledAtMostOnceInAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state order.State
		published := make(map[string]int)
		for _, data := range rapid.SliceOf(rapid.SampledFrom(inputs())).Draw(t, "history") {
			decision := step(t, state, data)
			state = decision.State
			for _, e := range decision.Events {
				published[e.EventType()]++
			}
		}
		want := map[string]int{}
		if state.Progress != order.Unplaced {
			want[contract.OrderPlaced{}.EventType()] = 1
		}
		if state.Rollback == order.RollbackComplete {
			want[contract.OrderCancelled{}.EventType()] = 1
		}
		if count := published[cancellationRequested.EventType()]; count > 1 {
			t.Fatalf("the cancellation is requested %d times", count)
		}
		delete(published, cancellationRequested.EventType())
		if diff := cmp.Diff(want, published); diff != "" {
			t.Fatalf("published (-want +got):\n%s", diff)
		}
	})
}
