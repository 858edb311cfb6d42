package loyalty_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/loyalty/sandbox"
)

// customers is a loyalty.Customers that records its calls.
type customers struct {
	blocked bool
	err     error
	ids     []string
}

func (c *customers) Blocked(_ context.Context, customerID string) (bool, error) {
	c.ids = append(c.ids, customerID)
	return c.blocked, c.err
}

func TestTheCustomerIsLookedUpOnlyWhenPointsAreToBeAwarded(t *testing.T) {
	for _, r := range table() {
		fake := &customers{blocked: r.blocked}
		if _, err := loyalty.Decider(fake)(t.Context(), r.before, input(r.input)); err != nil {
			t.Errorf("%s: %v", r.name(), err)
		}
		want := 0
		if _, payment := r.input.(contract.PaymentTaken); payment && r.before == unknown {
			want = 1
		}
		if len(fake.ids) != want {
			t.Errorf("%s: looked up %v", r.name(), fake.ids)
		}
	}
}

func TestABlockedCustomerGetsNoPoints(t *testing.T) {
	for _, blocked := range []bool{true, false} {
		got, err := loyalty.Decider(&customers{blocked: blocked})(t.Context(), unknown, input(taken))
		if err != nil {
			t.Fatal(err)
		}
		if rejected := got.State.Status == loyalty.Rejected; rejected != blocked {
			t.Errorf("blocked: %t, but the status is %s", blocked, got.State.Status)
		}
	}
}

func TestAnErrorOfTheRegisterIsReturnedForARedelivery(t *testing.T) {
	broken := errors.New("no connection")
	_, err := loyalty.Decider(&customers{err: broken})(t.Context(), unknown, input(taken))
	if !errors.Is(err, broken) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, want that of the register", err)
	}
}

func TestTheSandboxBlocksCustomersByTheirPrefix(t *testing.T) {
	for id, want := range map[string]bool{"c-42": false, "blocked": true, "blocked-7": true, "c-blocked": false} {
		got, err := sandbox.Customers{}.Blocked(t.Context(), id)
		if err != nil || got != want {
			t.Errorf("%q: %t, %v, want %t", id, got, err, want)
		}
	}
}

func TestTheContextLooksUpItsCustomersAndBeginsRecordsOfPaidOrders(t *testing.T) {
	context := loyalty.Context(&customers{blocked: true})
	got, err := context.Decide(t.Context(), unknown, input(taken))
	if err != nil || got.State.Status != loyalty.Rejected {
		t.Errorf("the award of a blocked customer is %s, %v", got.State.Status, err)
	}
	if diff := cmp.Diff([]event.Data{contract.PaymentTaken{}}, context.Begins); diff != "" {
		t.Errorf("what begins a record (-want +got):\n%s", diff)
	}
}

func TestOnlyAnAwardHasAnEntry(t *testing.T) {
	for _, status := range []loyalty.Status{loyalty.Unknown, loyalty.Rejected, loyalty.Awarded, loyalty.Revoked, loyalty.Erased} {
		s := loyalty.State{Status: status, CustomerID: "c-42", Points: 25, ExpiresAt: now.AddDate(1, 0, 0)}
		if has := s.Entry().Amount == 25; has != (status == loyalty.Awarded) {
			t.Errorf("the entry of an award that is %q is %v", status, s.Entry())
		}
	}
}
