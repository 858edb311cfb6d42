// Package room is the bounded context that owns the rooms: it holds one for a booking, and
// releases it if the guest does not pay.
//
//	consumes   booking.requested, payment.declined, room.opened
//	publishes  room.held, room.full, room.released
package room

import (
	"fmt"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"

	"example.org/hotel"
)

// Status is what the context has done for a booking.
type Status string

// The statuses. None is that of a booking without a record.
const (
	None     Status = ""
	Held     Status = "held"
	Full     Status = "full"
	Released Status = "released"
)

// State is the state of a booking, or of a type of room, which has no status.
type State struct {
	Status Status `json:"status,omitempty"`
	Room   string `json:"room,omitempty"`
}

// Free is the counter of free rooms in the item of a type of room.
const Free = "free"

// Item returns the item of a type of room. It is not the subject of room.opened, which has
// a record.
func Item(room string) string { return "rooms/" + room }

// Context returns the configuration of the context, without what it runs on.
func Context() participant.Config[State] {
	return participant.Config[State]{
		Source: hotel.Room, Decide: participant.Pure(Decide), Begins: []event.Data{hotel.Requested{}},
	}
}

// Decide decides on an event. payment.declined can arrive before the booking it is about,
// which is then ignored.
func Decide(s State, in participant.Input) (participant.Decision[State], error) {
	stay := participant.Decision[State]{State: s}
	switch data := in.Data.(type) {
	case hotel.Opened:
		stay.Adjustments = adjust(in.Event.Subject, data.Rooms)
		return stay, nil
	case hotel.Requested:
		switch {
		case s.Status != None:
			return stay, nil
		case len(in.Refused) > 0:
			return decision(State{Full, data.Room}, hotel.Full{}), nil
		}
		held := decision(State{Held, data.Room}, hotel.Held{Guest: data.Guest, Price: data.Price})
		held.Adjustments = adjust(data.Room, -1)
		return held, nil
	case hotel.Declined:
		released := decision(State{Released, s.Room}, hotel.Released{})
		switch s.Status {
		case None:
			return released, nil
		case Held:
			released.Adjustments = adjust(s.Room, 1)
			return released, nil
		case Full, Released:
			return stay, nil
		}
	}
	return stay, fmt.Errorf("%w: room does not consume %s", event.ErrInvalid, in.Event.Type)
}

func decision(s State, e event.Data) participant.Decision[State] {
	return participant.Decision[State]{State: s, Events: []event.Data{e}}
}

func adjust(room string, by int64) []participant.Adjustment {
	return []participant.Adjustment{{Item: Item(room), Add: map[string]int64{Free: by}}}
}
