package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	publisher "example.com/saga/pkg/eventbridge"
)

var errBroken = errors.New("broken")

// bus is a client that answers each call from a script, and keeps what was put.
type bus struct {
	// answers has the error codes of each call, by the id of the event. An event
	// without one is accepted.
	answers []map[string]string
	// spoil changes an answer.
	spoil func(*eventbridge.PutEventsOutput)
	err   error
	// failing is the call, counted from 1, that fails as a whole.
	failing int

	calls [][]types.PutEventsRequestEntry
}

func (b *bus) PutEvents(
	_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options),
) (*eventbridge.PutEventsOutput, error) {
	b.calls = append(b.calls, slices.Clone(in.Entries))
	if b.err != nil {
		return nil, b.err
	}
	if len(b.calls) == b.failing {
		return nil, errBroken
	}
	var codes map[string]string
	if n := len(b.calls) - 1; n < len(b.answers) {
		codes = b.answers[n]
	}
	out := &eventbridge.PutEventsOutput{}
	for _, entry := range in.Entries {
		id := idOf(entry)
		result := types.PutEventsResultEntry{EventId: new("accepted-" + id)}
		if code, failed := codes[id]; failed {
			result = types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: new("because")}
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	if b.spoil != nil {
		b.spoil(out)
	}
	return out, nil
}

// ids returns the ids of the events in each call.
func (b *bus) ids() [][]string {
	var calls [][]string
	for _, entries := range b.calls {
		var ids []string
		for _, entry := range entries {
			ids = append(ids, idOf(entry))
		}
		calls = append(calls, ids)
	}
	return calls
}

func idOf(entry types.PutEventsRequestEntry) string {
	e, err := event.Parse([]byte(*entry.Detail))
	if err != nil {
		return err.Error()
	}
	return e.ID
}

// pauses are the attempts after which there was a pause.
type pauses []int

func (p *pauses) pause(_ context.Context, n int) error {
	*p = append(*p, n)
	return nil
}

// newPublisher makes a publisher on the bus global.
func newPublisher(t *testing.T, client publisher.Client, pause func(context.Context, int) error) *publisher.Publisher {
	t.Helper()
	p, err := publisher.NewPublisher(publisher.Config{Client: client, Bus: "global", Pause: pause})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newEvent(id, text string) event.Event {
	data, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		panic(err)
	}
	return event.Event{
		ID: id, Source: "warehouse", Type: "warehouse.order-shipped", Subject: "o-1", Time: time.Unix(1, 0).UTC(),
		DataSchema: "https://example.com/schema/1", CorrelationID: "c-1", Data: data,
	}
}

// numbered makes events with the ids 0, 1, ….
func numbered(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = newEvent(fmt.Sprint(i), "")
	}
	return events
}

func assertCalls(t *testing.T, b *bus, want [][]string) {
	t.Helper()
	if diff := cmp.Diff(want, b.ids()); diff != "" {
		t.Errorf("the calls that are expected (-) and made (+):\n%s", diff)
	}
}
