package erase_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/contexts"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/erase"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	"example.com/saga/services/warehouse"
)

const (
	anna = "c-anna"
	bert = "c-bert"

	live = "https://sqs/0/live"
	dead = "https://sqs/0/dead.fifo"
)

var (
	now       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	errBroken = errors.New("broken")
)

// saga is what the four contexts have, in memory, with an eraser of it.
type saga struct {
	*erase.Eraser

	t         *testing.T
	language  *language.Language
	stores    map[string]*store
	publisher *memory.Publisher
	// unpublished is the error of the publisher.
	unpublished error
	queues      *deadlettertest.SQS
	// steps counts the calls of the stores; the step with the number fails is the
	// last that has its effect, and is not answered.
	steps, fails int
	now          time.Time
	// asleep is what happens while the eraser waits.
	asleep func() error
}

// store is a context's store that can fail.
type store struct {
	*memory.Store

	saga *saga
}

func (s *store) Load(ctx context.Context, subject string) (participant.Record, error) {
	record, err := s.Store.Load(ctx, subject)
	if err := errors.Join(err, s.saga.step()); err != nil {
		return participant.Record{}, err
	}
	return record, nil
}

func (s *store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	if err := s.Store.Commit(ctx, record, adjustments); err != nil {
		return err
	}
	return s.saga.step()
}

// publisher is that of a saga, which can fail.
type publisher struct{ saga *saga }

func (p publisher) Publish(ctx context.Context, events ...event.Event) error {
	if p.saga.unpublished != nil {
		return p.saga.unpublished
	}
	return p.saga.publisher.Publish(ctx, events...)
}

func (s *saga) step() error {
	s.steps++
	if s.fails > 0 && s.steps >= s.fails {
		return errBroken
	}
	return nil
}

func newSaga(t *testing.T) *saga {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	s := &saga{t: t, language: language, stores: make(map[string]*store), publisher: &memory.Publisher{}, queues: deadlettertest.New(), now: now, asleep: func() error { return nil }}
	for _, source := range contract.Catalogue().Contexts() {
		s.stores[source] = &store{memory.NewStore(), s}
	}
	clock := func() time.Time { return s.now }
	known, err := erase.Open(contexts.Deployed{
		Store:     func(source string) participant.Store { return s.stores[source] },
		Publisher: publisher{s}, Language: language, Retention: 60 * 24 * time.Hour, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Eraser = &erase.Eraser{
		Contexts: known,
		Scan: func(_ context.Context, each func(participant.Record)) error {
			for _, record := range s.stores[contract.SourceOrder].Records() {
				each(record)
			}
			return s.step()
		},
		Awards: func(ctx context.Context, customer string) ([]string, error) {
			entries, err := s.stores[contract.SourceLoyalty].Entries(ctx, loyalty.CustomerAccount(customer), time.Time{})
			return slices.Collect(maps.Keys(entries)), errors.Join(err, s.step())
		},
		Queues:      []deadletter.Queue{{Client: s.queues, Name: "Shop/Queue", URL: live}},
		DeadLetters: []deadletter.Queue{{Client: s.queues, Name: "Shop/DeadLetters", URL: dead}},
		Clock:       clock,
		Sleep: func(_ context.Context, d time.Duration) error {
			s.now = s.now.Add(d)
			return s.asleep()
		},
		Patience: time.Minute,
	}
	return s
}

func (s *saga) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// place places an order of a customer.
func (s *saga) place(id, customer string) {
	s.t.Helper()
	command := event.Event{ID: "place " + id, Source: "test", Type: "order.place", Subject: id, CorrelationID: "saga of " + id, Time: s.now}
	_, err := s.Contexts.Order.Execute(s.t.Context(), command, order.Place{Deadline: now.Add(time.Hour), Order: contract.OrderPlaced{
		OrderID: id, CustomerID: customer, ShippingAddress: "home of " + customer, PaymentMethod: "card of " + customer,
		Items: []contract.Item{{SKU: "123", Quantity: 1, Price: 2500, Currency: "EUR"}},
	}})
	s.must(err)
}

// hear lets the order context hear of an event.
func (s *saga) hear(id string, data event.Data) {
	s.t.Helper()
	publisher, _, _ := strings.Cut(data.EventType(), ".")
	cause := event.Event{ID: "cause of " + id + data.EventType(), Source: "test", Subject: id, CorrelationID: "saga of " + id}
	e, err := event.Caused(event.Cause{Event: cause}, publisher, data, 0, s.now)
	s.must(err)
	e, err = s.language.Seal(e)
	s.must(err)
	s.must(s.Contexts.Order.Handle(s.t.Context(), e))
}

// put sets what another context has of an order.
func (s *saga) put(source, id string, state any) {
	s.t.Helper()
	record, err := s.stores[source].Load(s.t.Context(), id)
	s.must(err)
	record.State, err = json.Marshal(state)
	s.must(err)
	if award, is := state.(loyalty.State); is {
		record.Entry = award.Entry()
	}
	record.Handled = []participant.Handled{{Source: "test", ID: "e-" + id, Type: "test.happened", OccurredAt: s.now, HandledAt: s.now}}
	s.must(s.stores[source].Commit(s.t.Context(), record, nil))
}

// ship makes an order of a customer that was shipped.
func (s *saga) ship(id, customer string) {
	s.t.Helper()
	s.place(id, customer)
	s.put(contract.SourceWarehouse, id, warehouse.State{Status: warehouse.Shipped, CustomerID: customer, ShippingAddress: "home of " + customer})
	s.put(contract.SourcePayment, id, payment.State{Status: payment.Taken})
	s.award(id, customer)
	s.hear(id, contract.OrderShipped{CustomerID: customer, Items: []contract.Stock{{SKU: "123", Quantity: 1}}})
}

// award puts the award of an order of a customer.
func (s *saga) award(id, customer string) {
	s.t.Helper()
	s.put(contract.SourceLoyalty, id, loyalty.State{Status: loyalty.Awarded, CustomerID: customer, Points: 25, ExpiresAt: now.AddDate(1, 0, 0)})
}

// points returns the balance of a customer.
func (s *saga) points(customer string) int64 {
	s.t.Helper()
	points, err := s.stores[contract.SourceLoyalty].Balance(s.t.Context(), loyalty.CustomerAccount(customer), now)
	s.must(err)
	return points
}

// reserve makes an order of anna for which stock is held.
func (s *saga) reserve(id string) {
	s.t.Helper()
	s.place(id, anna)
	s.put(contract.SourceWarehouse, id, warehouse.State{Status: warehouse.Reserved, CustomerID: anna, ShippingAddress: "home of " + anna})
}

// rollBack is the end of an order that is cancelled.
func (s *saga) rollBack(id string) {
	s.t.Helper()
	s.put(contract.SourceWarehouse, id, warehouse.State{Status: warehouse.Released})
	s.put(contract.SourcePayment, id, payment.State{Status: payment.Refunded})
	s.put(contract.SourceLoyalty, id, loyalty.State{Status: loyalty.Revoked})
	s.hear(id, contract.StockReleased{Items: []contract.Stock{}, Reason: contract.CancelledByCustomer})
}

// contents is all that the contexts have.
func (s *saga) contents() map[string]any {
	all := make(map[string]any)
	for source, store := range s.stores {
		all[source] = []any{store.Records(), store.AllCounters()}
	}
	return all
}

// assertForgotten checks that nothing of anna is left, in stores or queues.
func (s *saga) assertForgotten() {
	s.t.Helper()
	encoded, err := json.Marshal([]any{s.contents(), s.queues.Queues})
	s.must(err)
	if text := string(encoded); strings.Contains(text, anna) {
		s.t.Errorf("anna is known: %s", text)
	}
}

// assertErased checks that an order is erased everywhere.
func (s *saga) assertErased(ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		for source, store := range s.stores {
			record, err := store.Store.Load(s.t.Context(), id)
			s.must(err)
			want := `{"status":"erased"}`
			if source == contract.SourceOrder {
				want = `{"progress":6,"erasedAt":"2026-03-01T1`
			}
			if !record.Erased || !strings.HasPrefix(string(record.State), want) {
				s.t.Errorf("%s has of %s: %s, erased: %t", source, id, record.State, record.Erased)
			}
		}
	}
}

// erase erases anna, and fails if something is not.
func (s *saga) erase() erase.Outcome {
	s.t.Helper()
	outcome, err := s.Erase(s.t.Context(), anna)
	if problems := outcome.Problems(); err != nil || len(problems) > 0 {
		s.t.Fatalf("%v, %v", err, problems)
	}
	return outcome
}

// results returns the result of each order of an outcome.
func results(outcome erase.Outcome) map[string]string {
	all := make(map[string]string)
	for _, o := range outcome.Orders {
		all[o.ID] = string(o.State.Status())
		if o.Err != nil {
			all[o.ID] = o.Err.Error()
		}
	}
	return maps.Clone(all)
}
