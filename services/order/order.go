package order

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Progress is the step of an order towards its shipment.
type Progress int

// The steps, in their order. Unplaced: the order was never placed. Erased: the order
// was erased after its end, and nothing else is left of it.
const (
	Unplaced Progress = iota
	Placed
	Reserved
	Paid
	Awarded
	Shipped
	Erased
)

// Rollback is the stage of an order's rollback.
type Rollback int

// The stages. RollbackRequested: a cancellation was requested, which the warehouse may
// refuse. RollbackRunning: the other contexts compensate. RollbackComplete: the order is
// cancelled.
const (
	RollbackNone Rollback = iota
	RollbackRequested
	RollbackRunning
	RollbackComplete
)

// State is the state of an order.
type State struct {
	Progress   Progress        `json:"progress"`
	Rollback   Rollback        `json:"rollback,omitempty"`
	Reason     contract.Reason `json:"reason,omitempty"`
	CustomerID string          `json:"customerId,omitempty"`
	// PlacedAt is when the saga began.
	PlacedAt time.Time `json:"placedAt,omitzero"`
	// Deadline is when the order is cancelled if it has not ended.
	Deadline time.Time `json:"deadline,omitzero"`
	// RollbackSince is when the first stage of the rollback began.
	RollbackSince time.Time `json:"rollbackSince,omitzero"`
	// ErasedAt is when the order was erased.
	ErasedAt time.Time `json:"erasedAt,omitzero"`
}

// Context returns the configuration of the order context, without what it runs on.
func Context() participant.Config[State] {
	return participant.Config[State]{
		Source: contract.SourceOrder, Decide: participant.Pure(Decide), Begins: []event.Data{Place{}}, Due: State.Due, Upgrade: Upgrade,
	}
}

// Upgrade adds the customer to a state that was committed without it. The record of such
// an order has the data of order.placed, which is dropped with the next event.
func Upgrade(s State, record participant.Record) (State, error) {
	if s.CustomerID != "" || record.Erased {
		return s, nil
	}
	for _, handled := range record.Handled {
		for _, e := range handled.Published {
			if e.Type != (contract.OrderPlaced{}).EventType() {
				continue
			}
			var placed contract.OrderPlaced
			if err := json.Unmarshal(e.Data, &placed); err != nil {
				return s, fmt.Errorf("data of %s: %w", e.Type, err)
			}
			s.CustomerID = placed.CustomerID
		}
	}
	return s, nil
}

// Decision is the result of an event or a command.
type Decision = participant.Decision[State]

// Status is the status of an order in the HTTP API.
type Status string

// The statuses.
const (
	StatusPlaced     Status = "placed"
	StatusReserved   Status = "reserved"
	StatusPaid       Status = "paid"
	StatusAwarded    Status = "awarded"
	StatusShipped    Status = "shipped"
	StatusCancelling Status = "cancelling"
	StatusCancelled  Status = "cancelled"
	StatusErased     Status = "erased"
)

// Status returns the status of the order.
func (s State) Status() Status {
	switch s.Rollback {
	case RollbackComplete:
		return StatusCancelled
	case RollbackRequested, RollbackRunning:
		return StatusCancelling
	case RollbackNone:
	}
	switch s.Progress {
	case Reserved:
		return StatusReserved
	case Paid:
		return StatusPaid
	case Awarded:
		return StatusAwarded
	case Shipped:
		return StatusShipped
	case Erased:
		return StatusErased
	case Unplaced, Placed:
	}
	return StatusPlaced
}

// Ended reports whether the order is shipped or cancelled, which is final, or was so
// before it was erased.
func (s State) Ended() bool { return s.Progress >= Shipped || s.Rollback == RollbackComplete }

// Due returns when the order is due: at its deadline, or never if it has ended.
func (s State) Due() time.Time {
	if s.Ended() {
		return time.Time{}
	}
	return s.Deadline
}

// Place is the command to place an order. The deadline is not in its JSON, so that the
// same order, placed again, is the same command.
type Place struct {
	Order    contract.OrderPlaced
	Deadline time.Time `json:"-"`
}

// EventType is order.place.
func (Place) EventType() string { return "order.place" }

// Cancel is the command to cancel an order.
type Cancel struct {
	Reason contract.Reason
}

// EventType is order.cancel.
func (Cancel) EventType() string { return "order.cancel" }

// Commands are never published, so they need no schema: these are their types.
var (
	_ event.Data = Place{}
	_ event.Data = Cancel{}
)
