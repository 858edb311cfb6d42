// Package payment is the bounded context that charges guests. It owns the pivot: whether a
// booking is charged or withdrawn is decided by one conditional write of its record.
//
//	consumes   room.held, booking.withdrawn
//	publishes  payment.charged, payment.declined
package payment

import (
	"fmt"
	"strings"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"

	"example.org/hotel"
)

// Status is what the context has done for a booking.
type Status string

// The statuses. None is that of a booking without a record.
const (
	None     Status = ""
	Charged  Status = "charged"
	Declined Status = "declined"
)

// State is the state of a booking.
type State struct {
	Status Status `json:"status,omitempty"`
	Price  int64  `json:"price,omitempty"`
}

// Context returns the configuration of the context, without what it runs on.
func Context() participant.Config[State] {
	return participant.Config[State]{
		Source: hotel.Payment, Decide: participant.Pure(Decide), Begins: []event.Data{hotel.Held{}},
	}
}

// Decide decides on an event. The first of the two that it consumes decides. A guest whose
// name begins with "declined" does not pay; a real context would call a payment provider
// here, with an idempotency key.
func Decide(s State, in participant.Input) (participant.Decision[State], error) {
	stay := participant.Decision[State]{State: s}
	isFirst := s.Status == None
	declined := participant.Decision[State]{State: State{Status: Declined}, Events: []event.Data{hotel.Declined{}}}
	switch data := in.Data.(type) {
	case hotel.Held:
		switch {
		case !isFirst:
			return stay, nil
		case strings.HasPrefix(data.Guest, "declined"):
			return declined, nil
		}
		return participant.Decision[State]{State: State{Charged, data.Price}, Events: []event.Data{hotel.Charged{Price: data.Price}}}, nil
	case hotel.Withdrawn:
		if isFirst {
			return declined, nil
		}
		return stay, nil
	}
	return stay, fmt.Errorf("%w: payment does not consume %s", event.ErrInvalid, in.Event.Type)
}
