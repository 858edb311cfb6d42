package payment_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/payment"
)

// gateway is a payment.Gateway that records its calls.
type gateway struct {
	answer  payment.Answer
	err     error
	charges []payment.Charge
	refunds []string
}

func (g *gateway) Charge(_ context.Context, charge payment.Charge) (bool, error) {
	g.charges = append(g.charges, charge)
	return g.answer.Accepted, g.err
}

func (g *gateway) Refund(_ context.Context, reference string) (contract.Money, error) {
	g.refunds = append(g.refunds, reference)
	return g.answer.Refunded, g.err
}

func TestTheProviderIsCalledOnlyIfTheStateRequiresIt(t *testing.T) {
	for _, r := range table() {
		t.Run(r.name(), func(t *testing.T) {
			fake := &gateway{answer: r.answer}
			got, err := payment.Decider(fake)(t.Context(), r.before, input(r.input))
			r.check(t, got, err)
			var charges []payment.Charge
			var refunds []string
			switch r.input.(type) {
			case contract.StockReserved:
				if r.before == unknown {
					charges = []payment.Charge{{Reference: "o-1", Amount: total, Method: "card"}}
				}
			case contract.AwardRejected:
				if r.before == taken {
					refunds = []string{"o-1"}
				}
			case contract.PointsRevoked:
				if r.before == unknown || r.before == taken {
					refunds = []string{"o-1"}
				}
			}
			if diff := cmp.Diff(charges, fake.charges); diff != "" {
				t.Errorf("charges (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(refunds, fake.refunds); diff != "" {
				t.Errorf("refunds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnErrorOfTheProviderIsReturnedForARedelivery(t *testing.T) {
	broken := errors.New("no connection")
	for _, r := range []row{{before: unknown, input: reserved}, {before: taken, input: rejected}, {before: unknown, input: revoked}} {
		_, err := payment.Decider(&gateway{err: broken})(t.Context(), r.before, input(r.input))
		if !errors.Is(err, broken) || errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: the error is %v, want the provider's", r.name(), err)
		}
	}
}

func TestTheContextCallsItsProviderAndLoadsEveryRecordFirst(t *testing.T) {
	context := payment.Context(&gateway{answer: payment.Answer{Accepted: true}})
	got, err := context.Decide(t.Context(), unknown, input(reserved))
	if err != nil || got.State.Status != payment.Taken {
		t.Errorf("an accepted charge becomes %s, %v", got.State.Status, err)
	}
	if len(context.Begins) != 0 {
		t.Errorf("decided on without its record is %v, and a duplicate would be charged", context.Begins)
	}
}
