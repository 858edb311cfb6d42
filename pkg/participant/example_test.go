package participant_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// Reserved and Taken are the events of this example.
type (
	Reserved struct{ Total int64 }
	Taken    struct{ Amount int64 }
)

func (Reserved) EventType() string { return "depot.reserved" }

func (Taken) EventType() string { return "till.taken" }

// dialect is the language of this example.
type dialect struct{}

func (dialect) Decode(e event.Event) (event.Data, error) {
	var data Reserved
	if e.Type != data.EventType() {
		return nil, fmt.Errorf("%w: unknown type %s", event.ErrInvalid, e.Type)
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("%w: %w", event.ErrInvalid, err)
	}
	return data, nil
}

func (dialect) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = "https://example.com/schema/" + e.Type
	return e, nil
}

// till is the state of this example's context: one for each order.
type till struct {
	Taken int64
}

// take is its decision: a pure function of the state and the event.
func take(t till, in participant.Input) (participant.Decision[till], error) {
	reserved, ok := in.Data.(Reserved)
	if !ok {
		return participant.Decision[till]{}, fmt.Errorf("%w: %s is not consumed", event.ErrInvalid, in.Event.Type)
	}
	t.Taken += reserved.Total
	return participant.Decision[till]{State: t, Events: []event.Data{Taken{Amount: reserved.Total}}}, nil
}

// A participant takes the money for an order. Its queue delivers the event
// twice: the money is taken once, and the same event is published again.
func ExampleParticipant_Handle() {
	ctx := context.Background()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	publisher := &memory.Publisher{}
	p, err := participant.New(participant.Config[till]{
		Source:    "till",
		Decide:    participant.Pure(take),
		Store:     memory.NewStore(),
		Publisher: publisher,
		Language:  dialect{},
		Retention: 15 * 24 * time.Hour,
		Clock:     func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reserved := event.Event{
		ID:            "reservation-of-order-1",
		Source:        "depot",
		Type:          "depot.reserved",
		Subject:       "order-1",
		Time:          now,
		DataSchema:    "https://example.com/schema/depot.reserved",
		CorrelationID: "saga-1",
		Data:          json.RawMessage(`{"Total": 2500}`),
	}

	for range 2 {
		if err := p.Handle(ctx, reserved); err != nil {
			fmt.Println(err)
			return
		}
	}

	state, record, err := p.Load(ctx, "order-1")
	fmt.Println("taken:", state.Taken, "in", record.Version, "commit", err)
	for _, e := range publisher.Published() {
		fmt.Println(e.Type, e.ID, string(e.Data))
	}
	// Output:
	// taken: 2500 in 1 commit <nil>
	// till.taken cdf7f402-9bf2-57df-9ff8-23811344805c {"Amount":2500}
	// till.taken cdf7f402-9bf2-57df-9ff8-23811344805c {"Amount":2500}
}
