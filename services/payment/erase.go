package payment

import "example.com/saga/pkg/participant"

// Tombstone returns what is left of the payment of an order that is erased. Whether
// the order has ended is not for this context to know: a payment that is taken
// may be refunded or not, so it is erased after the warehouse has agreed. The
// provider's ledger keeps its entry, which has the order's id and an amount, and
// nothing personal.
func Tombstone(State) (State, []participant.Adjustment, error) {
	return State{Status: Erased}, nil, nil
}
