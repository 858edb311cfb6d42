package payment

import "example.com/saga/pkg/participant"

// Tombstone returns what is left of the payment of an order that is erased. This
// context has no state that shows whether the order has ended: a taken payment may
// still be refunded. So an order is erased in the warehouse first. The provider's
// ledger keeps its entry, which has the order's id and an amount, and nothing personal.
func Tombstone(State) (State, []participant.Adjustment, error) {
	return State{Status: Erased}, nil, nil
}
