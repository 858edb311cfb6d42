// Package booking is the bounded context that takes the bookings of guests, and shows how
// each has ended.
//
//	consumes   room.held, room.full, room.released, payment.charged
//	publishes  booking.requested, booking.withdrawn
package booking

import (
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/sweeper"

	"example.org/hotel"
)

// Status is where a booking stands.
type Status string

// The statuses. None is that of a booking without a record. Confirmed and Refused are final.
const (
	None        Status = ""
	Requested   Status = "requested"
	Held        Status = "held"
	Withdrawing Status = "withdrawing"
	Confirmed   Status = "confirmed"
	Refused     Status = "refused"
)

// State is the state of a booking.
type State struct {
	Status      Status    `json:"status"`
	RequestedAt time.Time `json:"requestedAt"`
}

// ErrEnded is returned for a command about a booking that has ended.
var ErrEnded = errors.New("the booking has ended")

// Request is the command of a guest. It is never published, and needs no schema in the
// language.
type Request struct {
	Guest string `json:"guest"`
	Room  string `json:"room"`
	Price int64  `json:"price"`
}

// EventType is booking.request.
func (Request) EventType() string { return "booking.request" }

// Withdraw is the command of the sweeper at the deadline.
type Withdraw struct{}

// EventType is booking.withdraw.
func (Withdraw) EventType() string { return "booking.withdraw" }

// Context returns the configuration of the context, without what it runs on.
func Context() participant.Config[State] {
	return participant.Config[State]{
		Source: hotel.Booking, Decide: participant.Pure(Decide), Begins: []event.Data{Request{}}, Due: State.due,
	}
}

// HasEnded reports whether the booking is confirmed or refused.
func (s State) HasEnded() bool { return s.Status == Confirmed || s.Status == Refused }

// due returns when the booking was requested, until it has ended: every sweep visits all
// bookings that have not ended.
func (s State) due() time.Time {
	if s.HasEnded() {
		return time.Time{}
	}
	return s.RequestedAt
}

// Decide decides on a command or an event. Nothing changes a booking that has ended.
func Decide(s State, in participant.Input) (participant.Decision[State], error) {
	stay := participant.Decision[State]{State: s}
	request, isRequest := in.Data.(Request)
	switch {
	case isRequest && s.Status != None:
		return stay, nil
	case isRequest:
		return participant.Decision[State]{State: State{Requested, in.Now}, Events: []event.Data{hotel.Requested(request)}}, nil
	case s.Status == None:
		return stay, fmt.Errorf("%w: there is no booking %s", event.ErrInvalid, in.Event.Subject)
	}
	switch in.Data.(type) {
	case Withdraw:
		if s.HasEnded() {
			return stay, ErrEnded
		}
		return s.become(Withdrawing, hotel.Withdrawn{}), nil
	case hotel.Held:
		if s.Status == Requested {
			return s.become(Held), nil
		}
		return stay, nil
	case hotel.Full, hotel.Released:
		return s.become(Refused), nil
	case hotel.Charged:
		return s.become(Confirmed), nil
	}
	return stay, fmt.Errorf("%w: booking does not consume %s", event.ErrInvalid, in.Event.Type)
}

func (s State) become(status Status, events ...event.Data) participant.Decision[State] {
	if s.HasEnded() {
		return participant.Decision[State]{State: s}
	}
	s.Status = status
	return participant.Decision[State]{State: s, Events: events}
}

// Sweeper returns the configuration of the sweeper, without what it runs on. A booking
// is published again if no event has arrived for a time, and withdrawn at a deadline
// after its request.
func Sweeper(republishAfter, deadline time.Duration) sweeper.Config[State] {
	return sweeper.Config[State]{
		Source: "booking/sweeper",
		Over:   []error{ErrEnded},
		Decide: func(s State, lastHandled, now time.Time) (action sweeper.Action) {
			action.Republish = s.Status != Held && now.Sub(lastHandled) >= republishAfter
			if s.Status != Withdrawing && now.Sub(s.RequestedAt) >= deadline {
				action.Command = Withdraw{}
			}
			return action
		},
	}
}
