package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// A record and the counter of the rooms are committed together, or not at all.
func Example() {
	ctx, hotel := context.Background(), memory.NewStore()
	hold := func(booking string, rooms int64) error {
		record := participant.Record{Subject: booking, State: json.RawMessage(`{"status": "held"}`)}
		free := participant.Adjustment{Item: "rooms", Add: map[string]int64{"free": rooms}}
		return hotel.Commit(ctx, record, []participant.Adjustment{free})
	}
	fmt.Println(hold("stock", 1), hold("b-1", -1))

	var refused *participant.RefusedError
	fmt.Println(errors.As(hold("b-2", -1), &refused), refused.Items)
	counters, err := hotel.Counters(ctx, "rooms")
	fmt.Println(counters, err)

	var bus memory.Publisher // It refuses what EventBridge would.
	fmt.Println(errors.Is(bus.Publish(ctx, event.Event{}), event.ErrInvalid), len(bus.Published()))
	// Output:
	// <nil> <nil>
	// true [rooms]
	// map[free:0] <nil>
	// true 0
}
