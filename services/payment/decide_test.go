package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/payment"
)

// The states of the payment of an order, one for each status.
var (
	unknown  = payment.State{}
	taken    = payment.State{Status: payment.Taken}
	declined = payment.State{Status: payment.Declined}
	refunded = payment.State{Status: payment.Refunded}
	erased   = payment.State{Status: payment.Erased}
)

// The answers of the provider.
var (
	total = contract.Money{Amount: 2599, Currency: "EUR"}

	accepts     = payment.Answer{Accepted: true}
	declines    = payment.Answer{}
	refunds     = payment.Answer{Refunded: total}
	refundsNone = payment.Answer{}
)

// What is consumed.
var (
	reserved = contract.StockReserved{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}}, Total: total, PaymentMethod: "card",
	}
	rejected = contract.AwardRejected{Reason: contract.AwardWasRejected}
	revoked  = contract.PointsRevoked{Points: 25, Reason: contract.Undeliverable}
)

// What is published.
var (
	paymentTaken    = contract.PaymentTaken{CustomerID: "c-42", Amount: total}
	paymentDeclined = contract.PaymentDeclined{Reason: contract.PaymentWasDeclined}
)

func paymentRefunded(amount contract.Money, reason contract.Reason) contract.PaymentRefunded {
	return contract.PaymentRefunded{Amount: amount, Reason: reason}
}

func becomes(after payment.State, events ...event.Data) outcome {
	return outcome{Decision: payment.Decision{State: after, Events: events}}
}

// outcome is what a row of the table expects.
type outcome struct {
	invalid bool
	payment.Decision
}

var invalid = outcome{invalid: true}

type row struct {
	before payment.State
	input  event.Data
	answer payment.Answer
	want   outcome
}

func table() []row {
	return []row{
		{unknown, reserved, accepts, becomes(taken, paymentTaken)},
		{unknown, reserved, declines, becomes(declined, paymentDeclined)},
		{taken, reserved, accepts, becomes(taken)},
		{declined, reserved, accepts, becomes(declined)},
		{refunded, reserved, accepts, becomes(refunded)},
		{erased, reserved, accepts, becomes(erased)},

		{unknown, rejected, refundsNone, invalid},
		{taken, rejected, refunds, becomes(refunded, paymentRefunded(total, contract.AwardWasRejected))},
		{declined, rejected, refundsNone, becomes(declined)},
		{refunded, rejected, refunds, becomes(refunded)},
		{erased, rejected, refunds, becomes(erased)},

		{unknown, revoked, refundsNone, becomes(refunded, paymentRefunded(contract.Money{}, contract.Undeliverable))},
		{unknown, revoked, refunds, becomes(refunded, paymentRefunded(total, contract.Undeliverable))},
		{taken, revoked, refunds, becomes(refunded, paymentRefunded(total, contract.Undeliverable))},
		{declined, revoked, refundsNone, becomes(declined)},
		{refunded, revoked, refunds, becomes(refunded)},
		{erased, revoked, refunds, becomes(erased)},
	}
}

func statuses() []payment.State { return []payment.State{unknown, taken, declined, refunded, erased} }

func input(data event.Data) participant.Input {
	return participant.Input{
		Event: event.Event{ID: "e-1", Type: data.EventType(), Subject: "o-1"},
		Data:  data,
		Now:   time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func (r row) name() string {
	name := string(r.before.Status)
	if r.before == unknown {
		name = "unknown"
	}
	name += " and " + r.input.EventType()
	switch {
	case r.answer.Accepted:
		name += ", accepted"
	case r.answer.Refunded == total:
		name += ", refunded"
	}
	return name
}

func TestDecide(t *testing.T) {
	for _, r := range table() {
		t.Run(r.name(), func(t *testing.T) {
			got, err := payment.Decide(r.before, input(r.input), r.answer)
			r.check(t, got, err)
		})
	}
}

func (r row) check(t *testing.T, got payment.Decision, err error) {
	t.Helper()
	if r.want.invalid != errors.Is(err, event.ErrInvalid) {
		t.Fatalf("the error is %v, want an invalid event: %t", err, r.want.invalid)
	}
	if diff := cmp.Diff(r.want.Decision, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestTheTableHasEveryPairOfStatusAndConsumedEvent(t *testing.T) {
	rows := participanttest.Table[payment.State]{
		States: make(map[string]payment.State),
		Inputs: contract.Catalogue().All(), Consumed: contract.Catalogue().ConsumedBy(contract.SourcePayment),
		Decide: func(before payment.State, data event.Data) error {
			_, err := payment.Decide(before, input(data), payment.Answer{})
			return err
		},
	}
	for _, s := range statuses() {
		rows.States[string(s.Status)] = s
	}
	for _, r := range table() {
		rows.Add(string(r.before.Status), r.input)
	}
	rows.Check(t)
}
