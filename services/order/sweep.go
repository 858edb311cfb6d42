package order

import "time"

// Patience is how long the order context waits for a first answer before it
// says again what it said: it may never have been said, because a function
// that dies after its commit has published nothing.
const Patience = time.Minute

// Remedy is what must be done about an order.
type Remedy struct {
	// Republish everything that was published about it.
	Republish bool
	// TimeOut asks for its cancellation.
	TimeOut bool
}

// Sweep decides what must be done about an order at a moment, if since another
// moment nothing was heard of it: a pure function, like Decide.
func Sweep(s State, heard, now time.Time) Remedy {
	return Remedy{
		Republish: s.unanswered() && !now.Before(heard.Add(Patience)),
		TimeOut:   !s.Due().IsZero() && s.Rollback == None && !now.Before(s.Deadline),
	}
}

// unanswered tells whether the order stands still unless the warehouse hears
// from this context. Later on, others keep it moving.
func (s State) unanswered() bool {
	switch s.Rollback {
	case None:
		return s.Progress == Placed
	case Requested:
		return true
	case Running, Complete:
	}
	return false
}
