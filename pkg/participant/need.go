package participant

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// maximumSteps is how many reads and moves an attempt makes at most for its decision. It is
// above what a decision needs, and ends one that never has enough.
const maximumSteps = 200

// needError means that a decision needs its Reads and Moves first.
type needError struct {
	reads []string
	moves []Adjustment
}

// Error implements error.
func (e *needError) Error() string { return "the decision needs counters or moves first" }

// provide makes the reads, or else the moves, that a decision needs, and returns what is known
// then: after a move, nothing. A refused move is a conflict, because the counters were
// others when it was decided on.
func (p *Participant[S]) provide(ctx context.Context, needed *needError, known Input) (Input, error) {
	store, ok := p.config.Store.(Mover)
	if !ok {
		return known, fmt.Errorf("the store of %s neither reads nor moves counters", p.config.Source)
	}
	if len(needed.reads) == 0 {
		err := store.Move(ctx, needed.moves)
		if _, isRefused := errors.AsType[*RefusedError](err); isRefused {
			err = fmt.Errorf("%w: a move was refused", ErrConflict)
		}
		return Input{}, err
	}
	read, err := store.CountersOf(ctx, needed.reads...)
	if err != nil {
		return known, err
	}
	counters := make(Counters)
	maps.Copy(counters, known.Counters)
	maps.Copy(counters, read)
	return Input{Refused: known.Refused, Counters: counters}, nil
}
