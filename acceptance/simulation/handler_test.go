package simulation

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

// deadLetters is a dead-letter queue.
type deadLetters []worker.DeadLetter

// Send implements worker.DeadLetters.
func (l *deadLetters) Send(_ context.Context, deadLetter worker.DeadLetter) error {
	*l = append(*l, deadLetter)
	return nil
}

// effect is the effect of a message.
type effect struct {
	published []string
	// changed: the state of a record, a counter or the ledger has changed. The list of
	// handled events does not count.
	changed     bool
	deadLetters deadLetters
}

// holdings returns what a message without an effect must not change.
func (p *path) holdings(contextName string) any {
	table := p.stores[contextName].table()
	states := make(map[string]string)
	for subject, record := range table.Records {
		states[subject] = string(record.State)
	}
	return []any{states, table.Counters, p.evidence().Ledger}
}

// handleMessage delivers a message to the handler of a context, and returns its effect.
func (p *path) handleMessage(contextName, body string) effect {
	p.t.Helper()
	p.pending = nil
	i := slices.IndexFunc(p.consumers, func(c consumer) bool { return c.name == contextName })
	var e effect
	handler, err := worker.New(worker.Config{
		Handle: p.consumers[i].handle, DeadLetters: &e.deadLetters, Logger: slog.New(slog.DiscardHandler),
		Clock: func() time.Time { return p.now }, Parallelism: 1,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	before := p.holdings(contextName)
	payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m-1", EventSource: "aws:sqs", Body: body}}})
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := handler.Batch(p.t.Context(), payload)
	if err != nil || len(response.BatchItemFailures) != 0 {
		p.t.Fatalf("the message is redelivered: %v, %v", response, err)
	}
	e.changed = !reflect.DeepEqual(before, p.holdings(contextName))
	for _, t := range p.pending {
		e.published = append(e.published, t.event.Type)
	}
	slices.Sort(e.published)
	e.published = slices.Compact(e.published)
	return e
}

// newEvent returns an event about order o-1 from the context that may publish it.
func (p *path) newEvent(id string, data event.Data) event.Event {
	p.t.Helper()
	encoded, err := json.Marshal(data)
	if err != nil {
		p.t.Fatal(err)
	}
	source, _, _ := strings.Cut(data.EventType(), ".")
	e, err := p.language.Seal(event.Event{
		ID: id, Source: source, Type: data.EventType(), Subject: "o-1",
		Time: p.now, CorrelationID: "saga of o-1", CausationID: "its cause", Data: encoded,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

func (p *path) encode(e event.Event) string {
	p.t.Helper()
	encoded, err := json.Marshal(e)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(encoded)
}

// The data of the events that the tests deliver.
var (
	placed = contract.OrderPlaced{
		OrderID: "o-1", CustomerID: "c-42", Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street", PaymentMethod: "card",
	}
	pieces    = []contract.Stock{{SKU: "123", Quantity: 2}}
	total     = contract.Money{Amount: 2500, Currency: "EUR"}
	reserved  = contract.StockReserved{CustomerID: "c-42", Items: pieces, Total: total, PaymentMethod: "card"}
	released  = contract.StockReleased{Items: pieces, Reason: contract.TimedOut}
	failed    = contract.ShipmentFailed{Reason: contract.TimedOut}
	taken     = contract.PaymentTaken{CustomerID: "c-42", Amount: total}
	declined  = contract.PaymentDeclined{Reason: contract.PaymentWasDeclined}
	refunded  = contract.PaymentRefunded{Amount: total, Reason: contract.TimedOut}
	awarded   = contract.PointsAwarded{Points: 25, ExpiresAt: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)}
	revoked   = contract.PointsRevoked{Points: 25, Reason: contract.TimedOut}
	rejected  = contract.AwardRejected{Reason: contract.AwardWasRejected}
	requested = contract.CancellationRequested{Reason: contract.TimedOut}
)

// mustBeDeadLetter checks that a message ends in the dead-letter queue, whole and with
// the reason, and has no other effect.
func (p *path) mustBeDeadLetter(contextName, body, reason string) {
	p.t.Helper()
	e := p.handleMessage(contextName, body)
	if e.changed || len(e.published) != 0 {
		p.t.Errorf("%s: it has an effect: %+v", contextName, e)
	}
	if len(e.deadLetters) != 1 || e.deadLetters[0].Body != body || e.deadLetters[0].ID != "m-1" {
		p.t.Fatalf("%s: the dead letters are %+v, want m-1: %s", contextName, e.deadLetters, body)
	}
	if !strings.Contains(e.deadLetters[0].Err.Error(), reason) {
		p.t.Errorf("%s: the reason is %v, want %s", contextName, e.deadLetters[0].Err, reason)
	}
}
