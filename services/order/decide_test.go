package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/order"
)

var (
	now      = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	deadline = now.Add(time.Hour)
)

// namedState is a state of an order with a name.
type namedState struct {
	name string
	order.State
}

// The states: one for each step and each stage of the rollback.
var (
	unplaced  = namedState{name: "unplaced"}
	placed    = namedState{"placed", order.State{Progress: order.Placed, CustomerID: "c-42", PlacedAt: now, Deadline: deadline}}
	reserved  = at(placed, order.Reserved)
	paid      = at(placed, order.Paid)
	awarded   = at(placed, order.Awarded)
	shipped   = at(placed, order.Shipped)
	requested = rollingBack(placed, order.RollbackRequested, contract.CancelledByCustomer)
	running   = rollingBack(placed, order.RollbackRunning, contract.AwardWasRejected)
	cancelled = rollingBack(placed, order.RollbackComplete, contract.AwardWasRejected)
	erased    = namedState{"erased", order.State{Progress: order.Erased, ErasedAt: now}}
)

// at returns the same state at another step.
func at(s namedState, progress order.Progress) namedState {
	s.Progress = progress
	s.name = string(s.Status())
	return s
}

// rollingBack returns the same state at a stage of its rollback, which began now if it
// had not begun.
func rollingBack(s namedState, stage order.Rollback, reason contract.Reason) namedState {
	if s.Rollback == order.RollbackNone {
		s.RollbackSince = now
	}
	s.Rollback = stage
	s.Reason = reason
	s.name = map[order.Rollback]string{
		order.RollbackRequested: "cancellation requested", order.RollbackRunning: "rolling back", order.RollbackComplete: "cancelled",
	}[stage]
	return s
}

// Commands, and what is consumed.
var (
	place  = order.Place{Order: orderPlaced, Deadline: deadline}
	cancel = order.Cancel{Reason: contract.CancelledByCustomer}

	held                = []contract.Stock{{SKU: "123", Quantity: 2}}
	total               = contract.Money{Amount: 2500, Currency: "EUR"}
	stockReserved       = contract.StockReserved{CustomerID: "c-42", Items: held, Total: total, PaymentMethod: "card"}
	paymentTaken        = contract.PaymentTaken{CustomerID: "c-42", Amount: total}
	pointsAwarded       = contract.PointsAwarded{Points: 25, ExpiresAt: now.AddDate(1, 0, 0)}
	orderShipped        = contract.OrderShipped{CustomerID: "c-42", Items: held}
	cancellationRefused = contract.CancellationRefused{}
	paymentDeclined     = contract.PaymentDeclined{Reason: contract.PaymentWasDeclined}
	awardRejected       = contract.AwardRejected{Reason: contract.AwardWasRejected}
	shipmentFailed      = contract.ShipmentFailed{Reason: contract.Undeliverable}
	pointsRevoked       = contract.PointsRevoked{Points: 25, Reason: contract.Undeliverable}
	paymentRefunded     = contract.PaymentRefunded{Amount: total, Reason: contract.Undeliverable}
	stockUnavailable    = contract.StockUnavailable{Missing: []string{"123"}, Reason: contract.OutOfStock}
	stockReleased       = contract.StockReleased{Items: held, Reason: contract.Undeliverable}
)

// What is published.
var (
	orderPlaced = contract.OrderPlaced{
		OrderID:         "o-1",
		CustomerID:      "c-42",
		Items:           []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street",
		PaymentMethod:   "card",
	}
	cancellationRequested = contract.CancellationRequested{Reason: contract.CancelledByCustomer}
)

func orderCancelled(reason contract.Reason) contract.OrderCancelled {
	return contract.OrderCancelled{Reason: reason}
}

type row struct {
	before namedState
	input  event.Data
	want   outcome
}

// outcome is what a row of the table expects: a decision or an error.
type outcome struct {
	decision order.Decision
	err      error
}

func becomes(after namedState, events ...event.Data) outcome {
	return outcome{decision: order.Decision{State: after.State, Events: events}}
}

func fails(err error) outcome { return outcome{err: err} }

func states() []namedState {
	return []namedState{unplaced, placed, reserved, paid, awarded, shipped, requested, running, cancelled, erased}
}

func input(data event.Data) participant.Input {
	return participant.Input{
		Event: event.Event{ID: "e-1", Type: data.EventType(), Subject: "o-1", CorrelationID: "saga-1"},
		Data:  data,
		Now:   now,
	}
}

func TestDecide(t *testing.T) {
	for _, r := range table() {
		t.Run(r.before.name+" and "+r.input.EventType(), func(t *testing.T) {
			got, err := order.Decide(r.before.State, input(r.input))
			if !errors.Is(err, r.want.err) {
				t.Fatalf("the error is %v, want %v", err, r.want.err)
			}
			if diff := cmp.Diff(r.want.decision, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTableHasEveryPairOfStateAndConsumedEventOrCommand(t *testing.T) {
	rows := participanttest.Table[order.State]{
		States: make(map[string]order.State),
		Inputs: append(contract.Catalogue().All(), place, cancel), Consumed: append(contract.Catalogue().ConsumedBy(contract.SourceOrder), place, cancel),
		Decide: func(before order.State, data event.Data) error {
			_, err := order.Decide(before, input(data))
			return err
		},
	}
	for _, s := range states() {
		rows.States[s.name] = s.State
	}
	for _, r := range table() {
		rows.Add(r.before.name, r.input)
	}
	rows.Check(t)
}

func TestTheStatusOfAnOrder(t *testing.T) {
	for _, test := range []struct {
		namedState
		want  order.Status
		ended bool
	}{
		{placed, "placed", false},
		{reserved, "reserved", false},
		{paid, "paid", false},
		{awarded, "awarded", false},
		{shipped, "shipped", true},
		{requested, "cancelling", false},
		{at(requested, order.Awarded), "cancelling", false},
		{running, "cancelling", false},
		{cancelled, "cancelled", true},
		{at(cancelled, order.Paid), "cancelled", true},
		{erased, "erased", true},
	} {
		if got := test.Status(); got != test.want || test.Ended() != test.ended {
			t.Errorf("%s: %s, ended: %t, want %s, %t", test.name, got, test.Ended(), test.want, test.ended)
		}
	}
}

func TestTheRollbackBeganAtItsFirstStage(t *testing.T) {
	first := now.Add(-time.Minute)
	before := requested.State
	before.RollbackSince = first
	for _, data := range []event.Data{paymentDeclined, stockUnavailable, stockReleased} {
		got, err := order.Decide(before, input(data))
		if err != nil {
			t.Fatal(err)
		}
		if !got.State.RollbackSince.Equal(first) {
			t.Errorf("after %s the rollback began at %s", data.EventType(), got.State.RollbackSince)
		}
	}
}

func TestAnOrderIsDueAtItsDeadlineUntilItHasEnded(t *testing.T) {
	for _, s := range states() {
		want := deadline
		if s.Progress == order.Unplaced || s.Ended() {
			want = time.Time{}
		}
		if got := s.Due(); !got.Equal(want) {
			t.Errorf("%s is due at %s, not at %s", s.name, got, want)
		}
	}
}
