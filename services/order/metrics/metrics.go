// Package metrics counts the orders that are placed and that end, each once, and
// measures how long they take.
package metrics

import (
	"context"
	"time"

	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/services/order"
)

// The metrics of the orders.
const (
	OrdersPlaced  = "OrdersPlaced"
	OrdersShipped = "OrdersShipped"
	// OrdersCancelled has the dimension reason.
	OrdersCancelled = "OrdersCancelled"
	// SagaDuration is the time from an order's placement to its end, with the
	// dimension outcome: shipped or cancelled.
	SagaDuration = "SagaDuration"
)

// Committed adds the measures of a commit to the log line of its event or command. It is
// a participant.Config.Committed.
func Committed(ctx context.Context, before, after order.State, in participant.Input) {
	telemetry.Add(ctx, measures(before, after, in.Now)...)
}

// measures returns the measures of the step from one state to the next.
func measures(before, after order.State, now time.Time) []telemetry.Measure {
	switch {
	case before.Progress == order.Unplaced && after.Progress == order.Placed:
		return []telemetry.Measure{one(OrdersPlaced)}
	case before.Ended() || !after.Ended():
		return nil
	}
	ended := one(OrdersShipped)
	if after.Status() == order.StatusCancelled {
		ended = one(OrdersCancelled)
		ended.Dimensions = []telemetry.Dimension{{Name: "reason", Value: string(after.Reason)}}
	}
	return []telemetry.Measure{ended, {
		Metric: SagaDuration, Unit: telemetry.Seconds, Value: now.Sub(after.PlacedAt).Round(time.Millisecond).Seconds(),
		Dimensions: []telemetry.Dimension{{Name: "outcome", Value: string(after.Status())}},
	}}
}

func one(metric string) telemetry.Measure {
	return telemetry.Measure{Metric: metric, Unit: telemetry.Count, Value: 1}
}
