package warehouse_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

// carrier is a warehouse.Carrier that records its calls.
type carrier struct {
	delivers  bool
	err       error
	addresses []string
}

func (c *carrier) Delivers(_ context.Context, address string) (bool, error) {
	c.addresses = append(c.addresses, address)
	return c.delivers, c.err
}

func TestTheCarrierIsCalledOnlyBeforeAReservedOrderIsShipped(t *testing.T) {
	for _, r := range table() {
		fake := &carrier{delivers: true}
		_, err := warehouse.Decider(fake)(t.Context(), r.before.State, input(r.input))
		if r.want.invalid != errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s and %s: the error is %v", r.before.name, r.input.EventType(), err)
		}
		want := 0
		if _, award := r.input.(contract.PointsAwarded); award && r.before.Status == warehouse.Reserved {
			want = 1
		}
		if len(fake.addresses) != want {
			t.Errorf("%s and %s: the carrier was called for %v", r.before.name, r.input.EventType(), fake.addresses)
		}
	}
}

func TestTheCarrierDecidesWhetherTheOrderShips(t *testing.T) {
	for _, delivers := range []bool{true, false} {
		fake := &carrier{delivers: delivers}
		got, err := warehouse.Decider(fake)(t.Context(), reserved.State, input(awarded))
		if err != nil {
			t.Fatal(err)
		}
		if shipped := got.State.Status == warehouse.Shipped; shipped != delivers || fake.addresses[0] != "23 Fake Street" {
			t.Errorf("called for %v, the carrier delivers: %t, shipped: %t", fake.addresses, delivers, shipped)
		}
	}
}

func TestAnErrorOfTheCarrierIsReturnedForARedelivery(t *testing.T) {
	broken := errors.New("no connection")
	_, err := warehouse.Decider(&carrier{err: broken})(t.Context(), reserved.State, input(awarded))
	if !errors.Is(err, broken) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, want the carrier's", err)
	}
}

func TestTheSandboxCarrierDeliversToAllAddressesButOne(t *testing.T) {
	for address, want := range map[string]bool{"23 Fake Street": true, sandbox.Undeliverable: false} {
		got, err := sandbox.Carrier{}.Delivers(t.Context(), address)
		if err != nil || got != want {
			t.Errorf("%q: %t, %v, want %t", address, got, err, want)
		}
	}
}

func TestTheContextCallsItsCarrierAndBeginsRecordsOfOrdersAndReceipts(t *testing.T) {
	context := warehouse.Context(&carrier{delivers: false})
	got, err := context.Decide(t.Context(), reserved.State, input(awarded))
	if err != nil || got.State.Status != warehouse.Failing {
		t.Errorf("an undeliverable order becomes %s, %v", got.State.Status, err)
	}
	if diff := cmp.Diff([]event.Data{contract.OrderPlaced{}, contract.StockReceived{}}, context.Begins); diff != "" {
		t.Errorf("what begins a record (-want +got):\n%s", diff)
	}
}
