package order_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// newContext returns the order context on a store in memory, which counts its loads.
func newContext(t *testing.T) (*participant.Participant[order.State], *counting) {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	store := &counting{Store: memory.NewStore()}
	config := order.Context()
	config.Store, config.Publisher, config.Language = store, &memory.Publisher{}, language
	config.Retention = 24 * time.Hour
	config.Clock = func() time.Time { return now }
	orders, err := participant.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return orders, store
}

// counting counts the loads of a store.
type counting struct {
	*memory.Store

	loads int
}

func (s *counting) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.loads++
	return s.Store.Load(ctx, subject)
}

func TestTheContextPlacesAnOrderThatIsDueAtItsDeadlineWithoutALoad(t *testing.T) {
	orders, store := newContext(t)
	placement := order.Place{Deadline: deadline, Order: contract.OrderPlaced{
		OrderID: "o-1", CustomerID: "c-42", PaymentMethod: "card", ShippingAddress: "23 Fake Street",
		Items: []contract.Item{{SKU: "123", Quantity: 1, Price: 1, Currency: "EUR"}},
	}}
	command := event.Event{ID: "1", Source: "test", Type: placement.EventType(), Subject: "o-1", Time: now, CorrelationID: "saga"}
	if _, err := orders.Execute(t.Context(), command, placement); err != nil {
		t.Fatal(err)
	}
	if store.loads != 0 {
		t.Errorf("%d loads", store.loads)
	}
	s, record, err := orders.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if s.Progress != order.Placed || !record.Due.Equal(deadline) || record.First().Source != contract.SourceOrder {
		t.Errorf("the order is %+v, due at %s, with the event %+v", s, record.Due, record.First())
	}
	if got := record.Handled[0].Type; got != "order.place" || (order.Cancel{}).EventType() != "order.cancel" {
		t.Errorf("the commands are %s and %s", got, order.Cancel{}.EventType())
	}
}

func TestAStateWithoutItsCustomerGetsThatOfItsFirstEvent(t *testing.T) {
	published := func(eventType, data string) event.Event {
		return event.Event{Type: eventType, Data: json.RawMessage(data)}
	}
	other := published("order.cancellation-requested", `{"customerId": "c-1"}`)
	placed := published("order.placed", `{"customerId": "c-42"}`)
	record := func(handled ...[]event.Event) participant.Record {
		var r participant.Record
		for _, events := range handled {
			r.Handled = append(r.Handled, participant.Handled{Published: events})
		}
		return r
	}
	gone := record([]event.Event{placed})
	gone.Erased = true
	for name, c := range map[string]struct {
		customer string
		record   participant.Record
		want     string
	}{
		"its only event":              {"", record([]event.Event{placed}), "c-42"},
		"an event behind others":      {"", record([]event.Event{other, placed}), "c-42"},
		"an event that came later":    {"", record([]event.Event{other}, nil, []event.Event{placed}), "c-42"},
		"other events":                {"", record([]event.Event{other}), ""},
		"a state that has a customer": {"c-2", record([]event.Event{placed}), "c-2"},
		"a tombstone":                 {"", gone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := order.State{Progress: order.Placed, CustomerID: c.customer, PlacedAt: now}
			got, err := order.Context().Upgrade(before, c.record)
			want := before
			want.CustomerID = c.want
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	if _, err := order.Upgrade(order.State{}, record([]event.Event{published("order.placed", `[]`)})); err == nil {
		t.Error("data that cannot be read are no error")
	}
}

func TestEveryEventThatWasPublishedTogetherIsInTheTimeline(t *testing.T) {
	both := placement()
	both.Published = append(both.Published, event.Event{ID: "noted", Source: "order", Type: "order.noted", Time: now.Add(time.Second)})
	got := ids(order.Timeline(participant.Record{Handled: []participant.Handled{both}}, now, order.TimelineWindow))
	if !slices.Equal(got, []string{"placed", "noted"}) {
		t.Errorf("the timeline is %v", got)
	}
}
