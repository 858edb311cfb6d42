package audit_test

import (
	"encoding/json"
	"testing"
	"time"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// The orders of a run: one was shipped, one cancelled as late as can be.
const (
	shipped   = "o-shipped"
	cancelled = "o-cancelled"
	customer  = "c-42"
)

// run is what a run leaves behind, to be tampered with.
type run struct {
	audit.Evidence

	t        *testing.T
	language *language.Language
}

func newRun(t *testing.T) *run {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, language: language, Evidence: audit.Evidence{
		Tables: make(map[string]audit.Table),
		Ledger: make(map[string]sandbox.Entry), Notified: []event.Event{}, DeadLetters: make(map[string]int),
	}}
	for _, name := range contract.Catalogue().Contexts() {
		r.Tables[name] = newTable()
	}
	r.ship(shipped)
	r.cancel()
	r.Tables[contract.SourceWarehouse].Counters[warehouse.StockItem("123")] = map[string]int64{
		warehouse.CounterReceived: 100, warehouse.CounterOnHand: 98,
	}
	return r
}

func newTable() audit.Table {
	return audit.Table{Records: make(map[string]participant.Record), Counters: make(map[string]map[string]int64)}
}

func basket(id string) contract.OrderPlaced {
	return contract.OrderPlaced{
		OrderID: id, CustomerID: customer, PaymentMethod: "card", ShippingAddress: "23 Fake Street",
		Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
	}
}

// stockOf returns so many pieces of the SKU of every basket.
func stockOf(quantity int64) []contract.Stock {
	return []contract.Stock{{SKU: "123", Quantity: quantity}}
}

// award walks an order up to its award.
func (r *run) award(id string) event.Event {
	r.t.Helper()
	o := basket(id)
	placed := r.begin(id, o)
	reserved := r.publish(placed, contract.StockReserved{CustomerID: customer, Items: stockOf(2), Total: o.Total(), PaymentMethod: "card"})
	taken := r.publish(reserved, contract.PaymentTaken{CustomerID: customer, Amount: o.Total()})
	r.Ledger[id] = sandbox.Entry{Amount: o.Total(), Accepted: true}
	return r.publish(taken, contract.PointsAwarded{Points: 25, ExpiresAt: start.AddDate(1, 0, 0)})
}

func (r *run) ship(id string) {
	r.t.Helper()
	awarded := r.award(id)
	r.notify(r.publish(awarded, contract.OrderShipped{
		CustomerID: customer, Items: stockOf(2),
	}))
	r.set(r.Tables[contract.SourceOrder], id, order.State{Progress: order.Shipped})
	r.set(r.Tables[contract.SourceWarehouse], id, warehouse.State{Status: warehouse.Shipped, Items: stockOf(2)})
	r.set(r.Tables[contract.SourceLoyalty], id, award)
}

func (r *run) cancel() {
	r.t.Helper()
	const reason = contract.Undeliverable
	failed := r.publish(r.award(cancelled), contract.ShipmentFailed{Reason: reason})
	revoked := r.publish(failed, contract.PointsRevoked{Points: 25, Reason: reason})
	refunded := r.publish(revoked, contract.PaymentRefunded{Amount: basket(cancelled).Total(), Reason: reason})
	entry := r.Ledger[cancelled]
	entry.Barred = true
	r.Ledger[cancelled] = entry
	released := r.publish(refunded, contract.StockReleased{Items: stockOf(2), Reason: reason})
	r.notify(r.publish(released, contract.OrderCancelled{Reason: reason}))
	r.set(r.Tables[contract.SourceOrder], cancelled, order.State{Progress: order.Awarded, Rollback: order.RollbackComplete, Reason: reason})
	r.set(r.Tables[contract.SourceWarehouse], cancelled, warehouse.State{Status: warehouse.Released})
	r.set(r.Tables[contract.SourceLoyalty], cancelled, loyalty.State{Status: loyalty.Revoked})
}

var (
	start    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	erasedAt = start.Add(24 * time.Hour)

	// award is that of the shipped order.
	award = loyalty.State{Status: loyalty.Awarded, CustomerID: customer, Points: 25, ExpiresAt: start.AddDate(1, 0, 0)}
)

// erase makes an order an erased one.
func (r *run) erase(id string) {
	r.t.Helper()
	r.bury(r.Tables[contract.SourceOrder], id, order.State{Progress: order.Erased, ErasedAt: erasedAt})
	r.bury(r.Tables[contract.SourceWarehouse], id, warehouse.State{Status: warehouse.Erased})
	r.bury(r.Tables[contract.SourcePayment], id, payment.State{Status: payment.Erased})
	r.bury(r.Tables[contract.SourceLoyalty], id, loyalty.State{Status: loyalty.Erased})
}

// bury puts a tombstone into a table.
func (r *run) bury(table audit.Table, id string, state any) {
	r.t.Helper()
	r.set(table, id, state)
	record := table.Records[id]
	record.Erased = true
	table.Records[id] = record
}

// begin publishes an event that nothing published has caused.
func (r *run) begin(id string, data event.Data) event.Event {
	r.t.Helper()
	command := event.Event{ID: id + data.EventType(), Source: "test", Subject: id, CorrelationID: "saga of " + id}
	return r.add(event.Cause{Event: command, IsCommand: true}, data, 0)
}

func (r *run) publish(cause event.Event, data event.Data) event.Event {
	r.t.Helper()
	return r.add(event.Cause{Event: cause}, data, 0)
}

func (r *run) add(cause event.Cause, data event.Data, ordinal int) event.Event {
	r.t.Helper()
	var source string
	for from := range contract.Catalogue().BySource(data) {
		source = from
	}
	e, err := event.Caused(cause, source, data, ordinal, start)
	if err != nil {
		r.t.Fatal(err)
	}
	if e, err = r.language.Seal(e); err != nil {
		r.t.Fatal(err)
	}
	r.Published = append(r.Published, e)
	return e
}

func (r *run) notify(e event.Event) { r.Notified = append(r.Notified, e) }

func (r *run) set(table audit.Table, id string, state any) {
	r.t.Helper()
	encoded, err := json.Marshal(state)
	if err != nil {
		r.t.Fatal(err)
	}
	record := participant.Record{Subject: id, State: encoded}
	switch state := state.(type) {
	case loyalty.State:
		record.Entry = state.Entry()
	case order.State:
		if state.Progress != order.Erased {
			record.Handled = []participant.Handled{{Published: []event.Event{{CorrelationID: "saga of " + id}}}}
		}
	}
	table.Records[id] = record
}

// enter replaces the entry of the award of an order.
func (r *run) enter(id string, entry participant.Entry) {
	record := r.Tables[contract.SourceLoyalty].Records[id]
	record.Entry = entry
	r.Tables[contract.SourceLoyalty].Records[id] = record
}

// of finds the event of an order by its type, to be changed in place.
func (r *run) of(id string, data event.Data) *event.Event {
	r.t.Helper()
	for i := range r.Published {
		if e := &r.Published[i]; e.Subject == id && e.Type == data.EventType() {
			return e
		}
	}
	r.t.Fatalf("there is no %s of %s", data.EventType(), id)
	return nil
}

// rewrite replaces the data of an event.
func (r *run) rewrite(e *event.Event, data any) {
	r.t.Helper()
	encoded, err := json.Marshal(data)
	if err != nil {
		r.t.Fatal(err)
	}
	e.Data = encoded
}
