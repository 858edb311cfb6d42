package payment

import (
	"context"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
)

// Status is the status of the payment of an order.
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

// State is the state of the payment of an order.
type State struct {
	Status Status `json:"status"`
}

// Decision is the result of an event.
type Decision = participant.Decision[State]

// Charge is a request to a provider to take an amount.
type Charge struct {
	// Reference identifies the payment: the order id. It is charged at most once,
	// however often the request is repeated.
	Reference string
	Amount    contract.Money
	Method    string
}

// Gateway is a payment provider.
type Gateway interface {
	// Charge takes the amount and reports whether it was accepted. Called again with
	// the same reference, it returns its first answer.
	Charge(ctx context.Context, charge Charge) (accepted bool, err error)
	// Refund refunds what was taken under the reference, and bars the reference: a
	// charge that arrives later is declined. It returns the refunded amount, which is
	// zero if nothing was taken. Called again, it returns its first answer.
	Refund(ctx context.Context, reference string) (contract.Money, error)
}

// Answer is the answer of the provider.
type Answer struct {
	Accepted bool
	Refunded contract.Money
}

// Context returns the configuration of the payment context, without what it runs on. No
// event is decided on before its record is loaded: a duplicate must not call the
// provider, which may have forgotten the reference.
func Context(gateway Gateway) participant.Config[State] {
	return participant.Config[State]{Source: contract.SourcePayment, Decide: Decider(gateway)}
}

// Decider returns the decision of the payment context with a provider, which is called
// before the decision is committed. If the process stops in between, the next run calls
// with the same reference and gets the same answer.
func Decider(gateway Gateway) participant.Decide[State] {
	return func(ctx context.Context, s State, in participant.Input) (Decision, error) {
		answer, err := call(ctx, gateway, s, in)
		if err != nil {
			return Decision{}, fmt.Errorf("call the payment provider: %w", err)
		}
		return Decide(s, in, answer)
	}
}

// call calls the provider if the state requires it. After a revocation it refunds even
// if no payment is recorded: a process may have stopped between its charge and its
// commit.
func call(ctx context.Context, gateway Gateway, s State, in participant.Input) (answer Answer, err error) {
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
