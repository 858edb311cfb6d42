package loyalty

import "example.com/saga/pkg/participant"

// Tombstone returns what is left of the award for an order that is erased, and
// takes the points that were awarded from the customer: the points of a customer
// are always those of the orders that are known. Whether the order has ended is
// not for this context to know, so it is erased after the warehouse has agreed.
func Tombstone(s State) (State, []participant.Adjustment, error) {
	return State{Status: Erased}, add(s.CustomerID, -s.Points), nil
}
