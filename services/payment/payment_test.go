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

// gateway is a payment.Gateway that notes what it is asked.
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

func TestTheProviderIsAskedOnlyWhereTheStateLeavesSomethingOpen(t *testing.T) {
	for _, r := range table() {
		t.Run(r.name(), func(t *testing.T) {
			asked := &gateway{answer: r.answer}
			got, err := payment.Decider(asked)(t.Context(), r.before, input(r.input))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			var charges []payment.Charge
			var refunds []string
			if _, forward := r.input.(contract.StockReserved); forward {
				if r.before == unknown {
					charges = []payment.Charge{{Reference: "o-1", Amount: total, Method: "card"}}
				}
			} else if r.before == unknown || r.before == taken {
				refunds = []string{"o-1"}
			}
			if diff := cmp.Diff(charges, asked.charges); diff != "" {
				t.Errorf("charges (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(refunds, asked.refunds); diff != "" {
				t.Errorf("refunds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnErrorOfTheProviderLeavesTheEventForAnotherTry(t *testing.T) {
	broken := errors.New("the line is dead")
	for _, data := range []event.Data{reserved, rejected, revoked} {
		_, err := payment.Decider(&gateway{err: broken})(t.Context(), unknown, input(data))
		if !errors.Is(err, broken) || errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: the error is %v, want the provider's", data.EventType(), err)
		}
	}
}
