package warehouse_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/warehouse"
)

// counters are the counters of one SKU.
type counters map[string]int64

// check checks the counters with the pieces that the order has.
func (c counters) check(t *rapid.T, reserved, shipped int64) {
	for name, count := range c {
		if count < 0 {
			t.Fatalf("%s fell to %d", name, count)
		}
	}
	if c[warehouse.CounterReceived] != c[warehouse.CounterOnHand]+reserved+shipped {
		t.Fatalf("received is not on hand + reserved + shipped: %v, %d and %d", c, reserved, shipped)
	}
}

// pieces counts the pieces with the name of an item.
func pieces(stock []contract.Stock, item string) int64 {
	var n int64
	for _, s := range stock {
		if warehouse.StockItem(s.SKU) == item {
			n += s.Quantity
		}
	}
	return n
}

// step makes a decision twice, and fails the test if the two differ.
func step(t *rapid.T, state warehouse.State, data event.Data, deliverable bool, refused []string) warehouse.Decision {
	in := input(data)
	in.Refused = refused
	first, err := warehouse.Decide(state, in, deliverable)
	again, errAgain := warehouse.Decide(state, in, deliverable)
	if diff := cmp.Diff(first, again); diff != "" || (err == nil) != (errAgain == nil) {
		t.Fatalf("the second decision differs: %s, %v, %v", diff, err, errAgain)
	}
	if errors.Is(err, event.ErrInvalid) {
		return warehouse.Decision{State: state}
	}
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestTheStockIsBalancedAfterAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state warehouse.State
		stock := make(map[string]counters)
		for _, s := range held {
			stock[warehouse.StockItem(s.SKU)] = counters{warehouse.CounterReceived: s.Quantity, warehouse.CounterOnHand: s.Quantity}
		}
		for _, data := range histories().Draw(t, "history") {
			decision := step(t, state, data, rapid.Bool().Draw(t, "deliverable"), nil)
			for _, adjustment := range decision.Adjustments {
				if stock[adjustment.Item] == nil {
					stock[adjustment.Item] = counters{}
				}
				for counter, amount := range adjustment.Add {
					stock[adjustment.Item][counter] += amount
				}
			}
			state = decision.State
			for item, counted := range stock {
				counted.check(t, pieces(state.Reserved(), item), pieces(state.Shipped(), item))
			}
		}
	})
}

func TestATerminalStatusNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]namedState{unavailable, shipped, released, tombstone, erased}).Draw(t, "terminal").State
		for _, data := range histories().Draw(t, "history") {
			var refused []string
			if rapid.Bool().Draw(t, "refused") {
				refused = []string{warehouse.StockItem("123")}
			}
			after := step(t, state, data, rapid.Bool().Draw(t, "deliverable"), refused)
			if diff := cmp.Diff(state, after.State); diff != "" {
				t.Fatalf("%s changes it (-before +after):\n%s", data.EventType(), diff)
			}
		}
	})
}

// histories are events about one order in any order, with duplicates, possible or not.
func histories() *rapid.Generator[[]event.Data] {
	return rapid.SliceOf(rapid.SampledFrom([]event.Data{
		placed, awarded, requested, declined, refunded, received,
		contract.CancellationRequested{Reason: contract.TimedOut},
	}))
}
