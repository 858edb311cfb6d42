package payment

import (
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Decide is the decision of the payment context: a pure function of the state,
// the event and the provider's answer.
func Decide(s State, in participant.Input, answer Answer) (Decision, error) {
	switch data := in.Data.(type) {
	case contract.StockReserved:
		return take(s, data, answer.Accepted), nil
	case contract.AwardRejected:
		// Unlike a revocation it cannot arrive before the payment: the loyalty context
		// rejects an award because of payment.taken.
		if s.Status == Unknown {
			return Decision{}, fmt.Errorf("%w: %s for an order without a payment here", event.ErrInvalid, in.Event.Type)
		}
		return refund(s, data.Reason, answer.Refunded), nil
	case contract.PointsRevoked:
		return refund(s, data.Reason, answer.Refunded), nil
	}
	return Decision{}, fmt.Errorf("%w: the payment context does not consume %s", event.ErrInvalid, in.Event.Type)
}

func take(s State, reserved contract.StockReserved, accepted bool) Decision {
	switch s.Status {
	case Unknown:
	case Taken, Declined, Refunded, Erased:
		return Decision{State: s}
	}
	if !accepted {
		return Decision{State: State{Status: Declined}, Events: []event.Data{
			contract.PaymentDeclined{Reason: contract.PaymentWasDeclined},
		}}
	}
	return Decision{State: State{Status: Taken}, Events: []event.Data{
		contract.PaymentTaken{CustomerID: reserved.CustomerID, Amount: reserved.Total},
	}}
}

// refund decides on a compensation, which may arrive before the reservation. Then the
// payment is refunded first, and nothing is taken when the reservation arrives.
func refund(s State, reason contract.Reason, amount contract.Money) Decision {
	switch s.Status {
	case Unknown, Taken:
		return Decision{State: State{Status: Refunded}, Events: []event.Data{
			contract.PaymentRefunded{Amount: amount, Reason: reason},
		}}
	case Declined, Refunded, Erased:
	}
	return Decision{State: s}
}
