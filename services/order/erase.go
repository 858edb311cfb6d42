package order

import (
	"errors"
	"time"

	"example.com/saga/pkg/participant"
)

// ErrErased is what a command about an erased order meets.
var ErrErased = errors.New("the order is erased")

// errUnfinished keeps an order from being erased: the saga still needs it.
var errUnfinished = errors.New("the order has not ended")

// Tombstone returns what is left of an order that is erased at a moment: that it
// was, and when. An order that has not ended is not erased.
func Tombstone(at time.Time) participant.Tombstone[State] {
	return func(s State) (State, []participant.Adjustment, error) {
		if s.Progress != Unplaced && !s.Ended() {
			return s, nil, errUnfinished
		}
		return State{Progress: Erased, ErasedAt: at}, nil, nil
	}
}
