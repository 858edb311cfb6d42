package language_test

import (
	"context"
	"fmt"
	"testing/fstest"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// RoomRequested and RoomHeld are the events of this example.
type (
	RoomRequested struct {
		Guest  string `json:"guest"`
		Nights int    `json:"nights"`
	}
	RoomHeld struct {
		Room int `json:"room"`
	}
)

// EventType is travel.room-requested.
func (RoomRequested) EventType() string { return "travel.room-requested" }

// EventType is hotel.room-held.
func (RoomHeld) EventType() string { return "hotel.room-held" }

// rooms returns the catalogue of this example. In a program, the schemas are an embed.FS.
func rooms() language.Catalogue {
	return language.Catalogue{
		SchemaBase: "https://example.com/travel/schema/",
		Schemas: fstest.MapFS{
			"travel.room-requested.1.json": {Data: []byte(`{
				"$schema": "https://json-schema.org/draft/2020-12/schema",
				"$id": "https://example.com/travel/schema/travel.room-requested/1",
				"type": "object", "required": ["guest", "nights"],
				"properties": {
					"guest": {"type": "string", "minLength": 1, "x-personal": true},
					"nights": {"type": "integer", "minimum": 1, "maximum": 30}}}`)},
			"hotel.room-held.1.json": {Data: []byte(`{
				"$schema": "https://json-schema.org/draft/2020-12/schema",
				"$id": "https://example.com/travel/schema/hotel.room-held/1",
				"type": "object", "required": ["room"], "properties": {"room": {"type": "integer"}}}`)},
		},
		Events: []language.Definition{
			language.Publish[RoomRequested]("travel", "1").To("hotel"),
			language.Publish[RoomHeld]("hotel", "1").To("travel"),
		},
		SubjectName: "booking_id",
	}
}

// A hotel consumes the requests of a travel agency, in a language of their own. The data
// of an event is validated before it is published, and before it is handled.
func Example() {
	travel, err := language.New(rooms())
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	bus := &memory.Publisher{}
	hotel, err := participant.New(participant.Config[RoomHeld]{
		Source: "hotel", Store: memory.NewStore(), Publisher: bus, Language: travel,
		Retention: 15 * 24 * time.Hour, Clock: func() time.Time { return now },
		Decide: participant.Pure(func(RoomHeld, participant.Input) (participant.Decision[RoomHeld], error) {
			held := RoomHeld{Room: 17}
			return participant.Decision[RoomHeld]{State: held, Events: []event.Data{held}}, nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := func(nights int) error {
		call := event.Cause{Event: event.Event{ID: "call-1", Source: "web", Subject: "b-1", CorrelationID: "b-1"}, IsCommand: true}
		e, err := event.Caused(call, "travel", RoomRequested{Guest: "Ada", Nights: nights}, 0, now)
		if err != nil {
			return err
		}
		if e, err = travel.Seal(e); err != nil {
			return err
		}
		return hotel.Handle(context.Background(), e)
	}
	fmt.Println(request(2))
	fmt.Println(request(31))
	for _, e := range bus.Published() {
		fmt.Println(e.Type, e.DataSchema, string(e.Data))
	}
	fmt.Println(rooms().BySource(rooms().ConsumedBy("hotel")...), travel.PersonalMembers(RoomRequested{}))
	// Output:
	// <nil>
	// invalid event: data of travel.room-requested: /nights against maximum
	// hotel.room-held https://example.com/travel/schema/hotel.room-held/1 {"room":17}
	// map[travel:[travel.room-requested]] [guest]
}
