package order

import (
	"errors"
	"time"

	"example.com/saga/pkg/participant"
)

// ErrErased is the error of a command about an erased order.
var ErrErased = errors.New("the order is erased")

// errUnfinished is the error of an erasure before the saga has ended.
var errUnfinished = errors.New("the order has not ended")

// Tombstone returns what is left of an order that is erased at a time: that it was
// erased, and when. An error is returned for an order that has not ended.
func Tombstone(at time.Time) participant.Tombstone[State] {
	return func(s State) (State, []participant.Adjustment, error) {
		if s.Progress != Unplaced && !s.Ended() {
			return s, nil, errUnfinished
		}
		return State{Progress: Erased, ErasedAt: at}, nil, nil
	}
}
