package order

import "time"

// RepublishAfter is how long the order context waits for an event of the warehouse
// before it republishes: a function that stops after its commit has published nothing.
const RepublishAfter = time.Minute

// SweepAction is what has to be done about an order.
type SweepAction struct {
	// Republish is true if all its events have to be published again.
	Republish bool
	// TimeOut is true if its cancellation has to be requested.
	TimeOut bool
}

// Sweep decides what has to be done about an order, of which the last event was handled
// at lastHandled: a pure function, like Decide.
func Sweep(s State, lastHandled, now time.Time) SweepAction {
	return SweepAction{
		Republish: s.awaitsWarehouse() && !now.Before(lastHandled.Add(RepublishAfter)),
		TimeOut:   !s.Due().IsZero() && s.Rollback == RollbackNone && !now.Before(s.Deadline),
	}
}

// awaitsWarehouse reports whether the order makes no progress until the warehouse has
// handled an event of this context. At later steps it depends on other contexts.
func (s State) awaitsWarehouse() bool {
	switch s.Rollback {
	case RollbackNone:
		return s.Progress == Placed
	case RollbackRequested:
		return true
	case RollbackRunning, RollbackComplete:
	}
	return false
}
