package warehouse

import (
	"fmt"

	"example.com/saga/pkg/participant"
)

// Tombstone returns what is left of an order that is erased. An order for which
// something is held, or that is on its rollback, has not ended and is not erased.
func Tombstone(s State) (State, []participant.Adjustment, error) {
	switch s.Status {
	case Reserved, Failing:
		return s, nil, fmt.Errorf("the order has not ended: it is %s", s.Status)
	case Unknown, Unavailable, Shipped, Released, Erased:
	}
	return State{Status: Erased}, nil, nil
}
