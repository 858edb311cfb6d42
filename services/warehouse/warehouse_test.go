package warehouse_test

import (
	"context"
	"errors"
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

// carrier is a warehouse.Carrier that notes what it is asked.
type carrier struct {
	delivers bool
	err      error
	asked    []string
}

func (c *carrier) Delivers(_ context.Context, address string) (bool, error) {
	c.asked = append(c.asked, address)
	return c.delivers, c.err
}

func TestTheCarrierIsAskedOnlyBeforeAReservedOrderIsShipped(t *testing.T) {
	for _, r := range table() {
		asked := &carrier{delivers: true}
		_, err := warehouse.Decider(asked)(t.Context(), r.before.State, input(r.input))
		if r.want.invalid != errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s and %s: the error is %v", r.before.name, r.input.EventType(), err)
		}
		want := 0
		if _, award := r.input.(contract.PointsAwarded); award && r.before.Status == warehouse.Reserved {
			want = 1
		}
		if len(asked.asked) != want {
			t.Errorf("%s and %s: the carrier was asked about %v", r.before.name, r.input.EventType(), asked.asked)
		}
	}
}

func TestTheCarrierDecidesWhetherTheOrderShips(t *testing.T) {
	for _, delivers := range []bool{true, false} {
		asked := &carrier{delivers: delivers}
		got, err := warehouse.Decider(asked)(t.Context(), reserved.State, input(awarded))
		if err != nil {
			t.Fatal(err)
		}
		if shipped := got.State.Status == warehouse.Shipped; shipped != delivers || asked.asked[0] != "23 Fake Street" {
			t.Errorf("asked about %v, the carrier delivers: %t, shipped: %t", asked.asked, delivers, shipped)
		}
	}
}

func TestAnErrorOfTheCarrierLeavesTheOrderForAnotherTry(t *testing.T) {
	broken := errors.New("the line is dead")
	_, err := warehouse.Decider(&carrier{err: broken})(t.Context(), reserved.State, input(awarded))
	if !errors.Is(err, broken) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, want the carrier's", err)
	}
}

func TestTheSandboxCarrierDeliversEverywhereButToOneAddress(t *testing.T) {
	for address, want := range map[string]bool{"23 Fake Street": true, sandbox.Undeliverable: false} {
		got, err := sandbox.Carrier{}.Delivers(t.Context(), address)
		if err != nil || got != want {
			t.Errorf("%q: %t, %v, want %t", address, got, err, want)
		}
	}
}
