package acceptance_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
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

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

var (
	_ failer = (*testing.T)(nil)

	errBusAway = errors.New("the bus is away")
)

// choreography is the four contexts around a bus, all of it in memory. Nothing
// happens by itself: what is delivered next is the test's choice.
type choreography struct {
	t         failer
	language  *contract.Language
	consumers []consumer
	orders    *participant.Participant[order.State]
	warehouse *memory.Store
	loyalty   *memory.Store
	ledger    *paymentsandbox.Memory
	now       time.Time
	// log has every event as it was published, repetitions included.
	log     []event.Event
	pending []delivery
	// losesBus tells whether publishing fails this time.
	losesBus func() bool
}

type consumer struct {
	name     string
	consumes []string
	handle   func(context.Context, event.Event) error
}

type delivery struct {
	consumer consumer
	event    event.Event
}

// newLanguage is apart from newChoreography because it takes its time.
func newLanguage(t *testing.T) *contract.Language {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return language
}

func newChoreography(t failer, language *contract.Language, stock map[string]int64) *choreography {
	t.Helper()
	c := &choreography{
		t: t, language: language, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		warehouse: memory.NewStore(), loyalty: memory.NewStore(), ledger: paymentsandbox.NewMemory(),
		losesBus: func() bool { return false },
	}
	c.orders = join(c, contract.SourceOrder, memory.NewStore(), participant.Pure(order.Decide),
		contract.StockReserved{}, contract.StockUnavailable{}, contract.StockReleased{},
		contract.OrderShipped{}, contract.ShipmentFailed{}, contract.CancellationRefused{},
		contract.PaymentTaken{}, contract.PaymentDeclined{}, contract.PaymentRefunded{},
		contract.PointsAwarded{}, contract.AwardRejected{}, contract.PointsRevoked{})
	join(c, contract.SourceWarehouse, c.warehouse, warehouse.Decider(warehousesandbox.Carrier{}),
		contract.OrderPlaced{}, contract.CancellationRequested{}, contract.PaymentDeclined{},
		contract.PaymentRefunded{}, contract.PointsAwarded{}, contract.StockReceived{})
	join(c, contract.SourcePayment, memory.NewStore(), payment.Decider(paymentsandbox.Provider{Ledger: c.ledger}),
		contract.StockReserved{}, contract.AwardRejected{}, contract.PointsRevoked{})
	join(c, contract.SourceLoyalty, c.loyalty, loyalty.Decider(loyaltysandbox.Customers{}),
		contract.PaymentTaken{}, contract.ShipmentFailed{})
	for sku, quantity := range stock {
		c.receive(sku, quantity)
	}
	c.run(first)
	c.log = nil
	return c
}

// join puts a context on the bus.
func join[S any](
	c *choreography, source string, store *memory.Store, decide participant.Decide[S], consumes ...event.Data,
) *participant.Participant[S] {
	p := &participant.Participant[S]{
		Source: source, Decide: decide, Store: store, Publisher: c, Language: c.language,
		Clock: func() time.Time {
			c.now = c.now.Add(time.Millisecond)
			return c.now
		},
		Retention: 24 * time.Hour,
		Pause:     func(context.Context, int) error { return nil },
	}
	c.consumers = append(c.consumers, consumer{source, contract.Types(consumes...), p.Handle})
	return p
}

// Publish implements participant.Publisher: every event goes to whoever
// consumes its type.
func (c *choreography) Publish(_ context.Context, events ...event.Event) error {
	for _, e := range events {
		if c.losesBus() {
			return errBusAway
		}
		c.log = append(c.log, e)
		c.deliver(e)
	}
	return nil
}

func (c *choreography) deliver(e event.Event) {
	for _, consumer := range c.consumers {
		if slices.Contains(consumer.consumes, e.Type) {
			c.pending = append(c.pending, delivery{consumer, e})
		}
	}
}

// run delivers what is pending, as chosen by its index, until nothing is or
// nothing is chosen. What fails for want of the bus is delivered again.
func (c *choreography) run(choose func([]delivery) int) {
	c.t.Helper()
	for len(c.pending) > 0 {
		i := choose(c.pending)
		if i < 0 {
			return
		}
		d := c.pending[i]
		c.pending = slices.Delete(c.pending, i, i+1)
		err := d.consumer.handle(c.t.Context(), d.event)
		switch {
		case errors.Is(err, errBusAway):
			c.pending = append(c.pending, d)
		case err != nil:
			c.t.Fatalf("%s of %s does not handle %s: %v", d.consumer.name, d.event.Subject, d.event.Type, err)
		}
	}
}

// first chooses what was published first.
func first([]delivery) int { return 0 }

// choosing chooses the first delivery that is wanted, if there is one.
func choosing(wanted func(delivery) bool) func([]delivery) int {
	return func(pending []delivery) int { return slices.IndexFunc(pending, wanted) }
}

func (c *choreography) receive(sku string, quantity int64) {
	c.t.Helper()
	id := "delivery of " + sku
	command := event.Event{ID: id, Source: contract.SourceWarehouse, Subject: sku, CorrelationID: id}
	e, err := event.Caused(event.Cause{Event: command, IsCommand: true}, contract.SourceWarehouse,
		contract.StockReceived{Quantity: quantity}, 0, c.now)
	if err == nil {
		e, err = c.language.Write(e)
	}
	if err == nil {
		err = c.Publish(c.t.Context(), e)
	}
	if err != nil {
		c.t.Fatalf("receive %d of %s: %v", quantity, sku, err)
	}
}

// execute gives the order context a command, until the bus takes its events.
func (c *choreography) execute(orderID string, data event.Data) error {
	command := event.Event{
		ID: orderID + " " + data.EventType(), Source: "order/test", Type: data.EventType(),
		Subject: orderID, Time: c.now, CorrelationID: "saga of " + orderID,
	}
	for {
		if _, err := c.orders.Execute(c.t.Context(), command, data); !errors.Is(err, errBusAway) {
			return err
		}
	}
}

func (c *choreography) place(o contract.OrderPlaced) {
	c.t.Helper()
	if err := c.execute(o.OrderID, order.Place{Order: o, Fingerprint: o.OrderID}); err != nil {
		c.t.Fatalf("place: %v", err)
	}
}

// cancel gives order.ErrTooLate if the order is known to have ended.
func (c *choreography) cancel(orderID string) error {
	return c.execute(orderID, order.Cancel{Reason: contract.CancelledByCustomer})
}

func (c *choreography) load(orderID string) (order.State, participant.Record) {
	c.t.Helper()
	state, record, err := c.orders.Load(c.t.Context(), orderID)
	if err != nil {
		c.t.Fatalf("load %s: %v", orderID, err)
	}
	return state, record
}

// types gives what was published about an order, each event once, in order.
func (c *choreography) types(orderID string) []string {
	var types []string
	for _, e := range c.events(orderID) {
		types = append(types, e.Type)
	}
	return types
}

func (c *choreography) events(orderID string) []event.Event {
	var events []event.Event
	seen := make(map[string]bool)
	for _, e := range c.log {
		if e.Subject == orderID && !seen[e.ID] {
			seen[e.ID] = true
			events = append(events, e)
		}
	}
	return events
}

// basket is an order that ships, of 12.50 a piece.
func basket(orderID string, quantity int64) contract.OrderPlaced {
	return contract.OrderPlaced{
		OrderID:         orderID,
		CustomerID:      "c-42",
		Items:           []contract.Item{{SKU: "123", Quantity: quantity, Price: 1250, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street",
		PaymentMethod:   "card",
	}
}
