package loyalty_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/loyalty"
)

// step makes a decision twice, and fails the test if the two differ.
func step(t *rapid.T, state loyalty.State, data event.Data) loyalty.Decision {
	blocked := rapid.Bool().Draw(t, "blocked")
	first, err := loyalty.Decide(state, input(data), blocked)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loyalty.Decide(state, input(data), blocked)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Fatalf("the second decision differs: %s", diff)
	}
	return first
}

// histories are events about one order in any order, duplicates included.
func histories() *rapid.Generator[[]event.Data] {
	return rapid.SliceOf(rapid.SampledFrom([]event.Data{
		taken, failed, contract.ShipmentFailed{Reason: contract.CancelledByCustomer},
	}))
}

func TestPointsAreAwardedAtMostOnceAndRevokedInFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state loyalty.State
		var published int64
		awards := 0
		for _, data := range histories().Draw(t, "history") {
			decision := step(t, state, data)
			for _, e := range decision.Events {
				switch e := e.(type) {
				case contract.PointsAwarded:
					awards++
					published += e.Points
				case contract.PointsRevoked:
					published -= e.Points
				}
			}
			state = decision.State
			if points := state.Entry().Amount; points != state.Points || points != published || awards > 1 {
				t.Fatalf("after %d awards the customer has %d points, the state %d, published are %d", awards, points, state.Points, published)
			}
		}
	})
}

func TestATerminalStatusNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]loyalty.State{rejected, revoked, tombstone}).Draw(t, "terminal")
		for _, data := range histories().Draw(t, "history") {
			if diff := cmp.Diff(loyalty.Decision{State: state}, step(t, state, data)); diff != "" {
				t.Fatalf("%s changes it (-before +after):\n%s", data.EventType(), diff)
			}
		}
	})
}
