package order

import (
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Progress is how far an order has come on the way to its shipment.
type Progress int

// The steps, in their order. Unplaced is an order that nobody has placed, Erased
// all that is left of one that was erased after its end.
const (
	Unplaced Progress = iota
	Placed
	Reserved
	Paid
	Awarded
	Shipped
	Erased
)

// Rollback is how far an order is on the way back.
type Rollback int

// The stages: none; asked for, which the warehouse may refuse; on its way;
// complete.
const (
	None Rollback = iota
	Requested
	Running
	Complete
)

// State is what is known about an order.
type State struct {
	Progress Progress        `json:"progress"`
	Rollback Rollback        `json:"rollback,omitempty"`
	Reason   contract.Reason `json:"reason,omitempty"`
	// CorrelationID is that of all events of the order.
	CorrelationID string `json:"correlationId,omitempty"`
	// PlacedAt is when the saga began.
	PlacedAt time.Time `json:"placedAt,omitzero"`
	// Deadline is when the order is cancelled if it has not ended.
	Deadline time.Time `json:"deadline,omitzero"`
	// RollbackSince is when the order was turned back.
	RollbackSince time.Time `json:"rollbackSince,omitzero"`
	// ErasedAt is when the order was erased.
	ErasedAt time.Time `json:"erasedAt,omitzero"`
}

// Decision is what is decided because of an event or a command.
type Decision = participant.Decision[State]

// Status is how far an order is, in the words of the HTTP API.
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

// Status tells how far the order is.
func (s State) Status() Status {
	switch s.Rollback {
	case Complete:
		return StatusCancelled
	case Requested, Running:
		return StatusCancelling
	case None:
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

// Ended reports whether the order is shipped or cancelled, which is for ever, or
// was before it was erased.
func (s State) Ended() bool { return s.Progress >= Shipped || s.Rollback == Complete }

// Due is when somebody must look after the order at the latest: the deadline,
// until the order has ended.
func (s State) Due() time.Time {
	if s.Ended() {
		return time.Time{}
	}
	return s.Deadline
}

// TraceParent is that of the first event about an order, so that whatever is done
// about it later belongs to the same trace.
func TraceParent(record participant.Record) string {
	for _, handled := range record.Handled {
		for _, e := range handled.Published {
			return e.TraceParent
		}
	}
	return ""
}

// Place is the command to place an order. The deadline is no part of what the
// customer asks for: the same order, placed again, is the same command.
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
