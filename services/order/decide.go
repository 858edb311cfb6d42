package order

import (
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// The errors of commands.
var (
	ErrUnknown = errors.New("there is no such order")
	ErrTooLate = errors.New("the order has ended")
)

// Decide is the decision of the order context: a pure function of the state and
// the event or command.
func Decide(s State, in participant.Input) (Decision, error) {
	switch data := in.Data.(type) {
	case Place:
		return place(s, in, data)
	case Cancel:
		return cancel(s, data, in.Now)
	}
	if s.Progress == Unplaced {
		return Decision{}, fmt.Errorf("%w: %s of an order that was never placed here", event.ErrInvalid, in.Event.Type)
	}
	switch data := in.Data.(type) {
	case contract.StockReserved:
		return advance(s, Reserved), nil
	case contract.PaymentTaken:
		return advance(s, Paid), nil
	case contract.PointsAwarded:
		return advance(s, Awarded), nil
	case contract.OrderShipped, contract.CancellationRefused:
		return ship(s)
	case contract.PaymentDeclined:
		return rollBack(s, data.Reason, in.Now)
	case contract.AwardRejected:
		return rollBack(s, data.Reason, in.Now)
	case contract.ShipmentFailed:
		return rollBack(s, data.Reason, in.Now)
	case contract.PointsRevoked:
		return rollBack(s, data.Reason, in.Now)
	case contract.PaymentRefunded:
		return rollBack(s, data.Reason, in.Now)
	case contract.StockUnavailable:
		return complete(s, data.Reason, in.Now)
	case contract.StockReleased:
		return complete(s, data.Reason, in.Now)
	}
	return Decision{}, fmt.Errorf("%w: the order context does not consume %s", event.ErrInvalid, in.Event.Type)
}

// place starts the saga. An order that was placed before stays unchanged.
func place(s State, in participant.Input, data Place) (Decision, error) {
	switch s.Progress {
	case Unplaced:
	case Placed, Reserved, Paid, Awarded, Shipped:
		return Decision{State: s}, nil
	case Erased:
		return Decision{}, ErrErased
	}
	return Decision{
		State: State{
			Progress: Placed, CustomerID: data.Order.CustomerID, PlacedAt: in.Now, Deadline: data.Deadline,
		},
		Events: []event.Data{data.Order},
	}, nil
}

// cancel requests the cancellation from the warehouse, which decides. A second request
// changes nothing.
func cancel(s State, data Cancel, now time.Time) (Decision, error) {
	switch {
	case s.Progress == Unplaced:
		return Decision{}, ErrUnknown
	case s.Progress == Erased:
		return Decision{}, ErrErased
	case s.Ended():
		return Decision{}, ErrTooLate
	case s.Rollback != RollbackNone:
		return Decision{State: s}, nil
	}
	return Decision{State: s.withRollback(RollbackRequested, data.Reason, now), Events: []event.Data{contract.CancellationRequested{Reason: data.Reason}}}, nil
}

// advance never returns to an earlier step, because events arrive in any order, and
// never leaves Erased.
func advance(s State, to Progress) Decision {
	s.Progress = max(s.Progress, to)
	return Decision{State: s}
}

// ship ends the saga: a requested cancellation came too late. The refusal to cancel
// means the same as the shipment, and may arrive before it.
func ship(s State) (Decision, error) {
	switch s.Rollback {
	case RollbackNone, RollbackRequested:
	case RollbackRunning, RollbackComplete:
		return Decision{}, fmt.Errorf("%w: an order that is rolled back was shipped", event.ErrInvalid)
	}
	s.Rollback = RollbackNone
	s.RollbackSince = time.Time{}
	s.Reason = ""
	return advance(s, Shipped), nil
}

// rollBack records that the rollback is running.
func rollBack(s State, reason contract.Reason, now time.Time) (Decision, error) {
	switch s.Progress {
	case Unplaced, Placed, Reserved, Paid, Awarded:
	case Shipped:
		return Decision{}, fmt.Errorf("%w: a shipped order is rolled back", event.ErrInvalid)
	case Erased:
		return Decision{State: s}, nil
	}
	switch s.Rollback {
	case RollbackNone, RollbackRequested:
		s = s.withRollback(RollbackRunning, reason, now)
	case RollbackRunning, RollbackComplete:
	}
	return Decision{State: s}, nil
}

// complete ends the rollback. order.cancelled is published once.
func complete(s State, reason contract.Reason, now time.Time) (Decision, error) {
	switch {
	case s.Progress == Shipped:
		return Decision{}, fmt.Errorf("%w: the stock of a shipped order was released", event.ErrInvalid)
	case s.Progress == Erased, s.Rollback == RollbackComplete:
		return Decision{State: s}, nil
	}
	return Decision{State: s.withRollback(RollbackComplete, reason, now), Events: []event.Data{contract.OrderCancelled{Reason: reason}}}, nil
}

// withRollback returns the state at a stage of the rollback. RollbackSince is the time
// of the first stage.
func (s State) withRollback(stage Rollback, reason contract.Reason, now time.Time) State {
	if s.Rollback == RollbackNone {
		s.RollbackSince = now
	}
	s.Rollback = stage
	s.Reason = reason
	return s
}
