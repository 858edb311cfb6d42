package warehouse

import (
	"fmt"

	"example.com/saga/pkg/participant"
)

// Tombstone returns what is left of an order that is erased. An error is returned for
// an order that has not ended: items are reserved, or the rollback is not complete.
func Tombstone(s State) (State, []participant.Adjustment, error) {
	switch s.Status {
	case Reserved, Failing:
		return s, nil, fmt.Errorf("the order has not ended: it is %s", s.Status)
	case Unknown, Unavailable, Shipped, Released, Erased:
	}
	return State{Status: Erased}, nil, nil
}
