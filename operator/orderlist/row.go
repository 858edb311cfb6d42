package orderlist

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// Row is what the list has of an order.
type Row struct {
	ID       string
	Customer string
	Status   order.Status
	// Reason is why it is or will be cancelled.
	Reason contract.Reason
	// PlacedAt is when it was placed. It is zero for an erased order.
	PlacedAt time.Time
	// EndedAt is when it was shipped or cancelled, or zero.
	EndedAt time.Time
	Steps   [5]Step
}

// Step is what has become of a step of an order.
type Step int

// NotDone: the order has not come to this step. Undone: it was compensated.
const (
	NotDone Step = iota
	Done
	Undone
)

// StepNames returns the names of Row.Steps.
func StepNames() [5]string { return [5]string{"placed", "reserved", "paid", "awarded", "shipped"} }

// steps returns the events that do a step and those that undo it. Nothing undoes the
// placement, and nothing the shipment.
func steps() [5][2]event.Data {
	return [5][2]event.Data{
		{contract.OrderPlaced{}, nil},
		{contract.StockReserved{}, contract.StockReleased{}},
		{contract.PaymentTaken{}, contract.PaymentRefunded{}},
		{contract.PointsAwarded{}, contract.PointsRevoked{}},
		{contract.OrderShipped{}, nil},
	}
}

// Ended reports whether the order is shipped or cancelled, or was so before it was erased.
func (r Row) Ended() bool {
	return r.Status == order.StatusShipped || r.Status == order.StatusCancelled || r.Status == order.StatusErased
}

// NewRow returns the row of an order from its record in the order context.
func NewRow(record participant.Record) (Row, error) {
	var state order.State
	if err := json.Unmarshal(record.State, &state); err != nil {
		return Row{}, fmt.Errorf("state of order %s: %w", record.Subject, err)
	}
	state, err := order.Upgrade(state, record)
	if err != nil {
		return Row{}, fmt.Errorf("order %s: %w", record.Subject, err)
	}
	row := Row{
		ID: record.Subject, Customer: state.CustomerID, Status: state.Status(), Reason: state.Reason, PlacedAt: state.PlacedAt,
	}
	seen := make(map[string]bool)
	for _, handled := range record.Handled {
		seen[handled.Type] = true
		if handled.Type == (contract.OrderShipped{}).EventType() {
			row.EndedAt = handled.OccurredAt
		}
		for _, published := range handled.Published {
			seen[published.Type] = true
			if published.Type == (contract.OrderCancelled{}).EventType() {
				row.EndedAt = handled.HandledAt
			}
		}
	}
	for i, step := range steps() {
		switch {
		case !seen[step[0].EventType()]:
		case step[1] != nil && seen[step[1].EventType()]:
			row.Steps[i] = Undone
		default:
			row.Steps[i] = Done
		}
	}
	return row, nil
}
