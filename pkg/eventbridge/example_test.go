package eventbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
	publisher "example.com/saga/pkg/eventbridge"
)

// Three events are put in one call. The second is throttled, and put again alone, with
// the same id. In a Lambda function the client is that of eventbridge.NewFromConfig;
// here it answers from a script.
func ExamplePublisher_Publish() {
	client := &bus{answers: []map[string]string{{"e-2": "ThrottlingException"}}}
	p, err := publisher.NewPublisher(publisher.Config{Client: client, Bus: "global"})
	if err != nil {
		fmt.Println(err)
		return
	}

	var events []event.Event
	for _, id := range []string{"e-1", "e-2", "e-3"} {
		events = append(events, event.Event{
			ID:            id,
			Source:        "depot",
			Type:          "depot.parcel-left",
			Subject:       "order-1",
			Time:          time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
			DataSchema:    "https://example.com/schema/depot.parcel-left/1",
			CorrelationID: "saga-1",
			Data:          json.RawMessage(`{"label": "fragile"}`),
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(p.Publish(ctx, events...))
	for _, ids := range client.ids() {
		fmt.Println("put:", ids)
	}
	// Output:
	// <nil>
	// put: [e-1 e-2 e-3]
	// put: [e-2]
}
