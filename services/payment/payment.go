package payment

import (
	"context"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
)

// Status is how far the payment of an order is.
type Status string

// The statuses.
const (
	Unknown  Status = ""
	Taken    Status = "taken"
	Declined Status = "declined"
	Refunded Status = "refunded"
	// Erased is all that is left of an order that was erased.
	Erased Status = "erased"
)

// State is what is known about the payment of an order.
type State struct {
	Status Status `json:"status"`
}

// Decision is what is decided because of an event.
type Decision = participant.Decision[State]

// Charge is what a provider is asked to take.
type Charge struct {
	// Reference names the payment: the order id. One reference is charged at
	// most once, whoever asks and however often.
	Reference string
	Amount    contract.Money
	Method    string
}

// Gateway is a payment provider.
type Gateway interface {
	// Charge takes the amount, or declines. Asked again with the same
	// reference, it gives its first answer.
	Charge(ctx context.Context, charge Charge) (accepted bool, err error)
	// Refund gives back what was taken under the reference, and bars it: a
	// charge that is still on its way is declined when it arrives. It answers
	// what was given back, which is nothing if nothing was taken. Asked again,
	// it gives its first answer.
	Refund(ctx context.Context, reference string) (contract.Money, error)
}

// Answer is what the provider said.
type Answer struct {
	Accepted bool
	Refunded contract.Money
}

// Decider makes the decision of the payment context with a provider, which is
// asked before the decision is committed. A run that dies in between does no
// harm: the next one asks with the same reference and gets the same answer.
func Decider(gateway Gateway) participant.Decide[State] {
	return func(ctx context.Context, s State, in participant.Input) (Decision, error) {
		answer, err := ask(ctx, gateway, s, in)
		if err != nil {
			return Decision{}, fmt.Errorf("ask the payment provider: %w", err)
		}
		return Decide(s, in, answer)
	}
}

// ask asks the provider where the state leaves something to ask. After a
// revocation a refund is asked for even if nothing is known to be taken: a charge
// may have happened in a run that died before it could commit.
func ask(ctx context.Context, gateway Gateway, s State, in participant.Input) (answer Answer, err error) {
	switch data := in.Data.(type) {
	case contract.StockReserved:
		if s.Status == Unknown {
			answer.Accepted, err = gateway.Charge(ctx, Charge{
				Reference: in.Event.Subject, Amount: data.Total, Method: data.PaymentMethod,
			})
		}
	case contract.AwardRejected:
		if s.Status == Taken {
			answer.Refunded, err = gateway.Refund(ctx, in.Event.Subject)
		}
	case contract.PointsRevoked:
		if s.Status == Unknown || s.Status == Taken {
			answer.Refunded, err = gateway.Refund(ctx, in.Event.Subject)
		}
	}
	return answer, err
}
