package orderview_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/saga/operator/contexts"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderview"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	loyaltysandbox "example.com/saga/services/loyalty/sandbox"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
	warehousesandbox "example.com/saga/services/warehouse/sandbox"
)

const id = "o-1"

// start is when the order is placed. Each delivery takes a step.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const step = 10 * time.Millisecond

// saga is the four contexts in memory, with the logs that they write.
type saga struct {
	t        *testing.T
	language *language.Language
	stores   map[string]orderview.Store
	handlers map[string]func(context.Context, event.Event) error
	orders   *participant.Participant[order.State]
	now      time.Time
	// published has all events, and queue those that are not delivered yet.
	published, queue []event.Event
	logs             *fakeLogs
	// held reports whether an event is not delivered to a context.
	held func(consumer, eventType string) bool
	// before is called before a delivery.
	before func(consumer, eventType string)
	dead   []dlq.DeadLetter
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSaga(t *testing.T) *saga {
	t.Helper()
	language, err := contract.NewLanguage()
	must(t, err)
	s := &saga{
		t: t, language: language, now: start, logs: &fakeLogs{},
		stores: make(map[string]orderview.Store), handlers: make(map[string]func(context.Context, event.Event) error),
		held: func(string, string) bool { return false }, before: func(string, string) {},
	}
	stores := make(map[string]*memory.Store)
	for _, name := range contract.Catalogue().Contexts() {
		stores[name] = memory.NewStore()
		s.stores[name] = stores[name]
	}
	d := contexts.Deployed{
		Store:     func(source string) participant.Store { return stores[source] },
		Publisher: s, Language: language, Retention: 60 * 24 * time.Hour, Clock: func() time.Time { return s.now },
	}
	s.orders, err = contexts.Join(d, order.Context())
	must(t, err)
	s.handlers[contract.SourceOrder] = s.orders.Handle
	s.handlers[contract.SourceWarehouse] = handler(t, d, warehouse.Context(warehousesandbox.Carrier{}))
	s.handlers[contract.SourcePayment] = handler(t, d, payment.Context(paymentsandbox.Provider{Ledger: paymentsandbox.NewMemory()}))
	s.handlers[contract.SourceLoyalty] = handler(t, d, loyalty.Context(loyaltysandbox.Customers{}))
	received, err := event.Caused(event.Cause{Event: event.Event{ID: "r", Source: "test", Subject: "delivery-1", CorrelationID: "r"}}, contract.SourceWarehouse,
		contract.StockReceived{SKU: "123", Quantity: 100}, 0, start)
	must(t, err)
	received, err = language.Seal(received)
	must(t, err)
	must(t, s.handlers[contract.SourceWarehouse](t.Context(), received))
	return s
}

func handler[S any](t *testing.T, d contexts.Deployed, config participant.Config[S]) func(context.Context, event.Event) error {
	t.Helper()
	p, err := contexts.Join(d, config)
	must(t, err)
	return p.Handle
}

// Publish implements participant.Publisher.
func (s *saga) Publish(_ context.Context, events ...event.Event) error {
	for _, e := range events {
		s.publish(e)
	}
	return nil
}

func (s *saga) publish(e event.Event) {
	s.t.Helper()
	encoded, err := event.Encode(e)
	must(s.t, err)
	s.logs.put("events", e.Time, fmt.Sprintf(`{"version":"0","source":%q,"detail-type":%q,"detail":%s}`, e.Source, e.Type, encoded))
	s.published, s.queue = append(s.published, e), append(s.queue, e)
}

// buy places an order that differs from one that is shipped in these members.
func (s *saga) buy(change contract.OrderPlaced) {
	s.t.Helper()
	item := contract.Item{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}
	if change.Items != nil {
		item = change.Items[0]
	}
	s.execute("order.place", order.Place{Deadline: start.Add(2 * time.Minute), Order: contract.OrderPlaced{
		OrderID: id, CustomerID: cmp.Or(change.CustomerID, "c-42"), Items: []contract.Item{item},
		ShippingAddress: cmp.Or(change.ShippingAddress, "23 Fake Street"), PaymentMethod: cmp.Or(change.PaymentMethod, "card"),
	}})
}

func (s *saga) cancel(reason contract.Reason) {
	s.t.Helper()
	s.execute("order.cancel", order.Cancel{Reason: reason})
}

func (s *saga) execute(eventType string, data event.Data) {
	s.t.Helper()
	command := event.Event{ID: eventType, Source: "order/http", Type: eventType, Subject: id, CorrelationID: "saga", Time: s.now}
	_, err := s.orders.Execute(s.t.Context(), command, data)
	must(s.t, err)
}

// run delivers all events that are not held. Each delivery is a line in a log.
func (s *saga) run() {
	s.t.Helper()
	for len(s.queue) > 0 {
		e := s.queue[0]
		s.queue = s.queue[1:]
		for _, consumer := range s.contexts() {
			if slices.Contains(event.Types(contract.Catalogue().ConsumedBy(consumer)...), e.Type) && !s.held(consumer, e.Type) {
				s.deliver(consumer, e)
			}
		}
	}
}

// contexts returns those that handle events here, in the order of the catalogue.
func (s *saga) contexts() []string {
	return slices.DeleteFunc(contract.Catalogue().Contexts(), func(name string) bool { return s.handlers[name] == nil })
}

func (s *saga) deliver(consumer string, e event.Event) {
	s.t.Helper()
	s.before(consumer, e.Type)
	if consumer != contract.SourceOrder {
		s.now = s.now.Add(step)
	}
	must(s.t, s.handlers[consumer](s.t.Context(), e))
	s.line(consumer, "handled", e.Type, e.ID, "")
}

// line logs a line of a delivery.
func (s *saga) line(consumer, result, eventType, eventID, problem string) {
	s.t.Helper()
	encoded, err := json.Marshal(map[string]any{
		"msg": result, "event": eventType, "event_id": eventID, "error": problem, "order_id": id, "trace_id": "1-trace",
	})
	must(s.t, err)
	s.logs.put(consumer, s.now, string(encoded))
}

// after is all that happens some time later, before the order is looked at.
func (s *saga) after(d time.Duration) { s.now = s.now.Add(d) }

func (s *saga) loader() *orderview.Loader {
	in := stack.Stack{Functions: make(map[string]string), LogGroups: map[string]string{stack.EventLogPath: "events"}}
	for _, name := range contract.Catalogue().Contexts() {
		in.Functions[orderview.Title(name)+"/Worker"] = name
		in.LogGroups[orderview.Title(name)+"/WorkerLogs"] = name
	}
	return &orderview.Loader{Stores: s.stores, Logs: s.logs, Stack: in, Language: s.language, Clock: func() time.Time { return s.now }}
}

func (s *saga) view() orderview.View {
	s.t.Helper()
	v, err := s.loader().Load(s.t.Context(), id, s.dead)
	must(s.t, err)
	return v
}

// idOf returns the id of the published event of a type.
func (s *saga) idOf(eventType string) string {
	s.t.Helper()
	for _, e := range s.published {
		if e.Type == eventType {
			return e.ID
		}
	}
	s.t.Fatalf("there is no %s", eventType)
	return ""
}

// fakeLogs is CloudWatch Logs with one page, which finds one quoted text.
type fakeLogs struct {
	logged   []entry
	requests int
}

type entry struct {
	group   string
	at      time.Time
	message string
}

func (f *fakeLogs) put(group string, at time.Time, message string) {
	f.logged = append(f.logged, entry{group, at, message})
}

func (f *fakeLogs) FilterLogEvents(
	_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	f.requests++
	var text string
	if in.FilterPattern != nil {
		if err := json.Unmarshal([]byte(*in.FilterPattern), &text); err != nil {
			return nil, err
		}
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	for _, e := range f.logged {
		at := e.at.UnixMilli()
		if e.group != *in.LogGroupName || !strings.Contains(e.message, text) ||
			(in.StartTime != nil && at < *in.StartTime) || (in.EndTime != nil && at > *in.EndTime) {
			continue
		}
		out.Events = append(out.Events, types.FilteredLogEvent{Message: aws.String(e.message), Timestamp: &at, IngestionTime: &at})
	}
	return out, nil
}
