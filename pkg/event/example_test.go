package event_test

import (
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
)

// BookingConfirmed is the data of an event.
type BookingConfirmed struct {
	Room string `json:"room"`
}

// EventType is hotel.booking-confirmed.
func (BookingConfirmed) EventType() string { return "hotel.booking-confirmed" }

// An event is made of its cause and its data, encoded as a CloudEvent, and parsed. If it
// is made again, it has the same id.
func Example() {
	cause := event.Cause{Event: event.Event{ID: "e-1", Source: "travel", Subject: "b-1", CorrelationID: "b-1"}}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	confirmed := func() event.Event {
		e, err := event.Caused(cause, "hotel", BookingConfirmed{Room: "17"}, 0, at)
		if err != nil {
			fmt.Println(err)
		}
		e.DataSchema = "https://example.com/travel/hotel.booking-confirmed/1" // A language sets it.
		return e
	}
	encoded, err := event.Encode(confirmed())
	if err != nil {
		fmt.Println(err)
	}
	parsed, err := event.Parse(encoded)
	fmt.Println(parsed.Type, parsed.Subject, parsed.CausationID, string(parsed.Data), err)
	fmt.Println(parsed.ID == confirmed().ID)

	_, err = event.Parse([]byte(`{"specversion": "1.0"}`))
	fmt.Println(errors.Is(err, event.ErrInvalid))
	// Output:
	// hotel.booking-confirmed b-1 e-1 {"room":"17"} <nil>
	// true
	// true
}
