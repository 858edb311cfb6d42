package warehouse_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/warehouse"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// namedState is a state of an order with a name.
type namedState struct {
	name string
	warehouse.State
}

// The states: one for each status, and two in which nothing is held because a
// cancellation or a compensation arrived before the order.
var (
	held = []contract.Stock{{SKU: "123", Quantity: 2}, {SKU: "abc", Quantity: 1}}

	unknown     = namedState{"unknown", warehouse.State{}}
	reserved    = holding(warehouse.Reserved)
	unavailable = namedState{"unavailable", warehouse.State{Status: warehouse.Unavailable, CustomerID: "c-42"}}
	shipped     = holding(warehouse.Shipped)
	failing     = holding(warehouse.Failing).because(contract.CancelledByCustomer)
	overtaken   = namedState{"failing, nothing held", warehouse.State{Status: warehouse.Failing, Reason: contract.CancelledByCustomer}}
	released    = namedState{"released", warehouse.State{
		Status: warehouse.Released, CustomerID: "c-42", ShippingAddress: "23 Fake Street",
	}}
	tombstone = namedState{"released, never held", warehouse.State{Status: warehouse.Released}}
	erased    = namedState{"erased", warehouse.State{Status: warehouse.Erased}}
)

func holding(status warehouse.Status) namedState {
	return namedState{string(status), warehouse.State{
		Status: status, CustomerID: "c-42", Items: held, ShippingAddress: "23 Fake Street",
	}}
}

func (s namedState) because(reason contract.Reason) namedState {
	s.Reason = reason
	return s
}

// What the warehouse consumes.
var (
	placed = contract.OrderPlaced{
		OrderID:    "o-1",
		CustomerID: "c-42",
		Items: []contract.Item{
			{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"},
			{SKU: "abc", Quantity: 1, Price: 99, Currency: "EUR"},
		},
		ShippingAddress: "23 Fake Street",
		PaymentMethod:   "card",
	}
	awarded   = contract.PointsAwarded{Points: 25, ExpiresAt: now.AddDate(1, 0, 0)}
	requested = contract.CancellationRequested{Reason: contract.CancelledByCustomer}
	declined  = contract.PaymentDeclined{Reason: contract.PaymentWasDeclined}
	refunded  = contract.PaymentRefunded{Reason: contract.AwardWasRejected}
	received  = contract.StockReceived{SKU: "123", Quantity: 10}
)

// What the warehouse publishes.
var (
	stockReserved = contract.StockReserved{
		CustomerID: "c-42", Items: held, Total: contract.Money{Amount: 2599, Currency: "EUR"}, PaymentMethod: "card",
	}
	orderShipped        = contract.OrderShipped{CustomerID: "c-42", Items: held}
	cancelled           = contract.ShipmentFailed{Reason: contract.CancelledByCustomer}
	undeliverable       = contract.ShipmentFailed{Reason: contract.Undeliverable}
	cancellationRefused = contract.CancellationRefused{}
)

func stockReleased(reason contract.Reason, items ...contract.Stock) contract.StockReleased {
	return contract.StockReleased{Items: append([]contract.Stock{}, items...), Reason: reason}
}

// outcome is what a row of the table expects.
type outcome struct {
	invalid bool
	warehouse.Decision
}

var invalid = outcome{invalid: true}

func becomes(after namedState, events ...event.Data) outcome {
	return outcome{Decision: warehouse.Decision{State: after.State, Events: events}}
}

// taking adds the adjustments that take all held pieces from those on hand.
func (o outcome) taking() outcome { return o.adjustingOnHand(-1) }

// givingBack adds the adjustments that return all held pieces to those on hand.
func (o outcome) givingBack() outcome { return o.adjustingOnHand(+1) }

func (o outcome) adjustingOnHand(sign int64) outcome {
	for _, stock := range held {
		o.Adjustments = append(o.Adjustments, participant.Adjustment{
			Item: warehouse.StockItem(stock.SKU),
			Add:  map[string]int64{warehouse.CounterOnHand: sign * stock.Quantity},
		})
	}
	return o
}

// receiving adds the adjustments of the stock receipt.
func (o outcome) receiving() outcome {
	o.Adjustments = []participant.Adjustment{{
		Item: warehouse.StockItem(received.SKU),
		Add:  map[string]int64{warehouse.CounterReceived: 10, warehouse.CounterOnHand: 10},
	}}
	return o
}

const subject = "o-1"

type row struct {
	before namedState
	input  event.Data
	want   outcome
}

func table() []row {
	return []row{
		{unknown, placed, becomes(reserved, stockReserved).taking()},
		{reserved, placed, becomes(reserved)},
		{unavailable, placed, becomes(unavailable)},
		{shipped, placed, becomes(shipped)},
		{failing, placed, becomes(failing)},
		{overtaken, placed, becomes(overtaken)},
		{released, placed, becomes(released)},
		{tombstone, placed, becomes(tombstone)},
		{erased, placed, becomes(erased)},

		{unknown, awarded, invalid},
		{reserved, awarded, becomes(shipped, orderShipped)},
		{unavailable, awarded, becomes(unavailable)},
		{shipped, awarded, becomes(shipped)},
		{failing, awarded, becomes(failing)},
		{overtaken, awarded, becomes(overtaken)},
		{released, awarded, becomes(released)},
		{tombstone, awarded, becomes(tombstone)},
		{erased, awarded, becomes(erased)},

		{unknown, requested, becomes(overtaken, cancelled)},
		{reserved, requested, becomes(failing, cancelled)},
		{unavailable, requested, becomes(unavailable)},
		{shipped, requested, becomes(shipped, cancellationRefused)},
		{failing, requested, becomes(failing)},
		{overtaken, requested, becomes(overtaken)},
		{released, requested, becomes(released)},
		{tombstone, requested, becomes(tombstone)},
		{erased, requested, becomes(erased)},

		{unknown, declined, invalid},
		{reserved, declined, becomes(released, stockReleased(contract.PaymentWasDeclined, held...)).givingBack()},
		{unavailable, declined, becomes(unavailable)},
		{shipped, declined, invalid},
		{failing, declined, becomes(released, stockReleased(contract.CancelledByCustomer, held...)).givingBack()},
		{overtaken, declined, becomes(tombstone, stockReleased(contract.CancelledByCustomer))},
		{released, declined, becomes(released)},
		{tombstone, declined, becomes(tombstone)},
		{erased, declined, becomes(erased)},

		{unknown, refunded, invalid},
		{reserved, refunded, becomes(released, stockReleased(contract.AwardWasRejected, held...)).givingBack()},
		{unavailable, refunded, becomes(unavailable)},
		{shipped, refunded, invalid},
		{failing, refunded, becomes(released, stockReleased(contract.CancelledByCustomer, held...)).givingBack()},
		{overtaken, refunded, becomes(tombstone, stockReleased(contract.CancelledByCustomer))},
		{released, refunded, becomes(released)},
		{tombstone, refunded, becomes(tombstone)},
		{erased, refunded, becomes(erased)},

		// A stock receipt is about a SKU and not about an order: the status makes no
		// difference, except that nothing is adjusted for an erased subject.
		{unknown, received, becomes(unknown).receiving()},
		{reserved, received, becomes(reserved).receiving()},
		{unavailable, received, becomes(unavailable).receiving()},
		{shipped, received, becomes(shipped).receiving()},
		{failing, received, becomes(failing).receiving()},
		{released, received, becomes(released).receiving()},
		{erased, received, becomes(erased)},
	}
}

func statuses() []namedState {
	return []namedState{unknown, reserved, unavailable, shipped, failing, released, erased}
}

func input(data event.Data) participant.Input {
	return participant.Input{
		Event: event.Event{ID: "e-1", Type: data.EventType(), Subject: subject},
		Data:  data,
		Now:   now,
	}
}

func TestDecide(t *testing.T) {
	for _, r := range table() {
		t.Run(r.before.name+" and "+r.input.EventType(), func(t *testing.T) {
			got, err := warehouse.Decide(r.before.State, input(r.input), true)
			if r.want.invalid != errors.Is(err, event.ErrInvalid) {
				t.Fatalf("the error is %v, want an invalid event: %t", err, r.want.invalid)
			}
			if diff := cmp.Diff(r.want.Decision, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTableHasEveryPairOfStatusAndConsumedEvent(t *testing.T) {
	rows := participanttest.Table[warehouse.State]{
		States: make(map[string]warehouse.State),
		Inputs: contract.Catalogue().All(), Consumed: contract.Catalogue().ConsumedBy(contract.SourceWarehouse),
		Decide: func(before warehouse.State, data event.Data) error {
			_, err := warehouse.Decide(before, input(data), true)
			return err
		},
	}
	for _, s := range statuses() {
		rows.States[string(s.Status)] = s.State
	}
	for _, r := range table() {
		rows.Add(string(r.before.Status), r.input)
	}
	rows.Check(t)
}

func TestAnUndeliverableOrderIsNotShippedAndStaysReserved(t *testing.T) {
	got, err := warehouse.Decide(reserved.State, input(awarded), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(becomes(failing.because(contract.Undeliverable), undeliverable).Decision, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestOnlyAnOrderThatHasNotEndedHasReservedPiecesAndOnlyAShippedOneShippedPieces(t *testing.T) {
	for _, s := range append(statuses(), overtaken, tombstone) {
		var wantReserved, wantShipped []contract.Stock
		switch s.name {
		case reserved.name, failing.name:
			wantReserved = held
		case shipped.name:
			wantShipped = held
		}
		if diff := cmp.Diff([][]contract.Stock{wantReserved, wantShipped}, [][]contract.Stock{s.Reserved(), s.Shipped()}); diff != "" {
			t.Errorf("%s: reserved and shipped (-want +got):\n%s", s.name, diff)
		}
	}
}

func TestRefusedStockIsUnavailable(t *testing.T) {
	in := input(placed)
	in.Refused = []string{warehouse.StockItem("123"), warehouse.StockItem("abc")}
	got, err := warehouse.Decide(unknown.State, in, true)
	if err != nil {
		t.Fatal(err)
	}
	want := becomes(unavailable, contract.StockUnavailable{Missing: []string{"123", "abc"}, Reason: contract.OutOfStock})
	if diff := cmp.Diff(want.Decision, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestLinesOfOneSKUAreAddedUp(t *testing.T) {
	order := placed
	order.Items = []contract.Item{
		{SKU: "123", Quantity: 1, Price: 1250, Currency: "EUR"},
		{SKU: "abc", Quantity: 1, Price: 99, Currency: "EUR"},
		{SKU: "123", Quantity: 1, Price: 1250, Currency: "EUR"},
	}
	got, err := warehouse.Decide(unknown.State, input(order), true)
	if err != nil {
		t.Fatal(err)
	}
	want := becomes(reserved, stockReserved).taking()
	if diff := cmp.Diff(want.Decision, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}
