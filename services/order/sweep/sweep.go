// Package sweep is what the order context's sweeper does: it publishes orders again that
// the warehouse may never have received, requests the cancellation of orders past their
// deadline, and measures the age of the oldest.
package sweep

import (
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/sweeper"
	"example.com/saga/services/order"
)

// The metrics of every sweep: the ages of the oldest order and of the oldest rollback
// that have not ended, or 0 if there is none.
const (
	OldestUnfinishedOrder    = "OldestUnfinishedOrder"
	OldestUnfinishedRollback = "OldestUnfinishedRollback"
)

// Source is the source of the sweeper's commands.
const Source = "order/sweeper"

// Config returns the configuration of the sweeper, without what it runs on. The deadline
// is how long an order may take. It is used to compute when an order was placed; the
// deadline of an order is in its state.
func Config(deadline time.Duration) sweeper.Config[order.State] {
	return sweeper.Config[order.State]{
		Source: Source,
		Decide: decide,
		Ahead:  deadline - order.RepublishAfter,
		Over:   []error{order.ErrTooLate, order.ErrErased},
		Ages: []sweeper.Age[order.State]{
			{Metric: OldestUnfinishedOrder, Since: func(_ order.State, record participant.Record) time.Time { return record.Handled[0].HandledAt }},
			{Metric: OldestUnfinishedRollback, Since: func(s order.State, _ participant.Record) time.Time { return s.RollbackSince }},
		},
	}
}

func decide(s order.State, lastHandled, now time.Time) sweeper.Action {
	action := order.Sweep(s, lastHandled, now)
	due := sweeper.Action{Republish: action.Republish}
	if action.TimeOut {
		due.Command = order.Cancel{Reason: contract.TimedOut}
	}
	return due
}
