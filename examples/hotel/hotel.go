// Package hotel is the published language of a hotel that takes bookings: a saga of three
// contexts, in a module of its own, built on the libraries and the construct of another
// repository alone.
//
//	forward    booking.requested ─▶ room.held ─▶ payment.charged
//	                │                   │
//	failure     room.full        payment.declined ◀─ booking.withdrawn
//	                                    ▼
//	backward                      room.released
//
// A booking ends as confirmed, with a room and a charge, or as refused, with neither. The
// pivot is the charge: the payment context decides alone between a booking that is held
// and one that is withdrawn at its deadline.
package hotel

import (
	"embed"

	"example.com/saga/pkg/language"
)

// The contexts, which are the sources of events, and the publisher of room.opened.
const (
	Booking   = "booking"
	Room      = "room"
	Payment   = "payment"
	FrontDesk = "front-desk"
)

// The data of the events. The subject of each is the id of the booking, and that of
// room.opened the type of the room. Prices are in cents.
type (
	// Requested is that a guest has requested a room.
	Requested struct {
		Guest string `json:"guest"`
		Room  string `json:"room"`
		Price int64  `json:"price"`
	}
	// Withdrawn is that a booking has not ended by its deadline.
	Withdrawn struct{}
	// Opened is that there are more rooms of a type.
	Opened struct {
		Rooms int64 `json:"rooms"`
	}
	// Held is that a room is held for the booking.
	Held struct {
		Guest string `json:"guest"`
		Price int64  `json:"price"`
	}
	// Full is that no room of the type is free.
	Full struct{}
	// Released is that no room is held for the booking any more.
	Released struct{}
	// Charged is that the guest has paid.
	Charged struct {
		Price int64 `json:"price"`
	}
	// Declined is that the guest will not pay.
	Declined struct{}
)

// EventType is booking.requested.
func (Requested) EventType() string { return "booking.requested" }

// EventType is booking.withdrawn.
func (Withdrawn) EventType() string { return "booking.withdrawn" }

// EventType is room.opened.
func (Opened) EventType() string { return "room.opened" }

// EventType is room.held.
func (Held) EventType() string { return "room.held" }

// EventType is room.full.
func (Full) EventType() string { return "room.full" }

// EventType is room.released.
func (Released) EventType() string { return "room.released" }

// EventType is payment.charged.
func (Charged) EventType() string { return "payment.charged" }

// EventType is payment.declined.
func (Declined) EventType() string { return "payment.declined" }

//go:embed schema/*.json
var schemas embed.FS

// Catalogue defines the events, with their publishers and consumers. The rules and the
// permissions of the CDK app follow from it.
func Catalogue() language.Catalogue {
	return language.Catalogue{
		SchemaBase:  "https://hotel.example.org/schema/",
		Schemas:     schemas,
		SubjectName: "booking_id",
		Events: []language.Definition{
			language.Publish[Requested](Booking, "1").To(Room),
			language.Publish[Withdrawn](Booking, "1").To(Payment),
			language.Publish[Opened](Room, "1").By(FrontDesk).To(Room),
			language.Publish[Held](Room, "1").To(Payment, Booking),
			language.Publish[Full](Room, "1").To(Booking),
			language.Publish[Released](Room, "1").To(Booking),
			language.Publish[Charged](Payment, "1").To(Booking),
			language.Publish[Declined](Payment, "1").To(Room),
		},
	}
}

// Language returns the language with its compiled schemas.
func Language() (*language.Language, error) { return language.New(Catalogue()) }
