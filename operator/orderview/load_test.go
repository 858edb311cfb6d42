package orderview_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
)

func typesOf(events []orderview.Event) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Type)
	}
	return all
}

func assertEqual[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestEveryEventIsAfterItsCauseWithItsPublisherItsDataAndItsDeliveries(t *testing.T) {
	s := newSaga(t)
	buys(undeliverable)(s)
	v := s.view()
	assertEqual(t, "the events", []string{
		"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.shipment-failed",
		"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
	}, typesOf(v.Events))
	seen := map[string]bool{"": true}
	for _, e := range v.Events {
		if !seen[e.Cause] || e.Publisher != e.Source || e.Data == nil || e.Logged != 1 || !e.Recorded || e.Invalid != "" {
			t.Errorf("an event is %+v", e)
		}
		seen[e.ID] = true
		for _, d := range e.Deliveries {
			if d.Consumer != contract.Notification && !slices.Contains(s.contexts(), d.Consumer) {
				continue
			}
			if handled := d.Handled == 1 && !d.HandledAt.IsZero(); handled == (d.Consumer == contract.Notification) || d.Next != nil {
				t.Errorf("%s has the delivery %+v", e.Type, d)
			}
		}
	}
	assertEqual(t, "the balance", orderview.Balance{
		Taken: contract.Money{Amount: 2500, Currency: "EUR"}, Refunded: contract.Money{Amount: 2500, Currency: "EUR"},
		Awarded: 25, Revoked: 25,
		Reserved: []contract.Stock{{SKU: "123", Quantity: 2}}, Released: []contract.Stock{{SKU: "123", Quantity: 2}},
	}, v.Balance)
	assertEqual(t, "the traces", []string{"1-trace"}, v.TraceIDs)
	assertEqual(t, "the correlation id", "saga", v.CorrelationID)
	var names []string
	for _, c := range v.Contexts {
		names = append(names, c.Name)
	}
	assertEqual(t, "the contexts with a record", s.contexts(), names)
}

func TestWhatIsExpectedNextFollowsFromTheDecisionOfTheConsumer(t *testing.T) {
	for consumer, want := range map[string]struct{ eventType, next string }{
		"warehouse": {"order.placed", "warehouse.stock-reserved"},
		"payment":   {"warehouse.stock-reserved", "payment.taken"},
		"loyalty":   {"payment.taken", "loyalty.points-awarded"},
	} {
		s := newSaga(t)
		waits(consumer, want.eventType, contract.OrderPlaced{})(s)
		expected := s.view().Expected()
		if len(expected) != 1 || expected[0].Type != want.eventType || expected[0].Delivery.Consumer != consumer {
			t.Fatalf("%s: expected is %+v", consumer, expected)
		}
		assertEqual(t, "what follows "+want.eventType, []string{want.next}, expected[0].Delivery.Next)
	}
}

func TestAnOrderThatHasEndedExpectsNothing(t *testing.T) {
	for _, ending := range endings() {
		if strings.Contains(ending.name, "too late") {
			continue // Its shipment is not handled, and the refusal is.
		}
		s := newSaga(t)
		ending.happen(s)
		if expected := s.view().Expected(); len(expected) > 0 {
			t.Errorf("%s: expected is %+v", ending.name, expected)
		}
	}
}

func TestADeliveryThatIsRepeatedIsSeen(t *testing.T) {
	s := newSaga(t)
	buys(contract.OrderPlaced{})(s)
	s.deliver("loyalty", s.published[2])
	e := s.view().Events[2]
	i := slices.IndexFunc(e.Deliveries, func(d orderview.Delivery) bool { return d.Consumer == "loyalty" })
	if d := e.Deliveries[i]; e.Type != "payment.taken" || !d.Repeated() || d.Handled != 2 {
		t.Errorf("%s has the delivery %+v", e.Type, d)
	}
}

func TestADeadLetterIsThatOfTheDeliveryThatItStops(t *testing.T) {
	s := newSaga(t)
	stops("payment", "warehouse.stock-reserved", dlq.DeadLetter{Attempts: 10})(s)
	step, stopped := s.view().Stopped()
	if !stopped || step.Delivery.Consumer != "payment" || step.Delivery.DeadLetter.ID != "m-1" {
		t.Errorf("the order is stopped at %+v, %t", step, stopped)
	}
	// A duplicate of what was handled can be a dead letter, and stops nothing.
	s.held = func(string, string) bool { return false }
	s.queue = s.published[1:2]
	s.run()
	if step, stopped := s.view().Stopped(); stopped {
		t.Errorf("the order is stopped at %+v", step)
	}
}

func TestAnEventThatNoContextPublishedIsShownAndHasNoEffect(t *testing.T) {
	const forged = `{"specversion":"1.0","id":"f-1","source":"payment","type":%q,"subject":"o-1","time":"2026-03-01T12:00:00Z",` +
		`"datacontenttype":"application/json","dataschema":%q,"correlationid":"saga","data":{"customerId":"c","amount":{"amount":7,"currency":"EUR"}}}`
	for name, c := range map[string]struct{ eventType, schema, invalid string }{
		"unknown type":  {"payment.poisoned", "https://example.com/none", `unknown type "payment.poisoned"`},
		"valid":         {"payment.taken", "https://example.com/saga/schema/payment.taken/1", ""},
		"other schema":  {"payment.taken", "https://example.com/none", `has the schema "https://example.com/none"`},
		"no CloudEvent": {"", "", "type"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSaga(t)
			buys(declined)(s)
			s.logs.put("events", s.now, fmt.Sprintf(`{"source":"payment","detail-type":%q,"detail":%s}`, cmp.Or(c.eventType, "payment.taken"), fmt.Sprintf(forged, c.eventType, c.schema)))
			v := s.view()
			i := slices.IndexFunc(v.Events, func(e orderview.Event) bool { return e.ID == "f-1" })
			if i < 0 {
				t.Fatal("it is not shown")
			}
			if e := v.Events[i]; e.Recorded || (c.invalid == "") != (e.Invalid == "") || !strings.Contains(e.Invalid, c.invalid) {
				t.Errorf("it is %+v", e)
			}
			assertEqual(t, "what was taken", contract.Money{}, v.Balance.Taken)
			assertEqual(t, "what is expected", 0, len(v.Expected()))
		})
	}
}

func TestAnEventWithoutAnEntryInTheLogHasTheDataOfItsRecord(t *testing.T) {
	s := newSaga(t)
	waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
	s.logs.logged = nil
	v := s.view()
	assertEqual(t, "the events", []string{"order.placed", "warehouse.stock-reserved"}, typesOf(v.Events))
	// An effect of the first has come back, so its record has dropped its data.
	if v.Events[0].Data != nil || v.Events[1].Data == nil || v.Events[1].Logged != 0 {
		t.Errorf("the events are %+v", v.Events)
	}
	assertEqual(t, "what follows", []string{"payment.taken"}, v.Expected()[0].Delivery.Next)
	s.after(time.Minute)
	if sentence := s.view().Sentence(); !strings.Contains(sentence, "The event log does not have the event: it was committed, and may not be published yet.") {
		t.Errorf("the sentence is %s", sentence)
	}
}

func TestTheLogsOfAnUnknownOrderAreNotRead(t *testing.T) {
	s := newSaga(t)
	s.dead = []dlq.DeadLetter{{Event: deadletter.Content{Order: id}}}
	if v := s.view(); v.Known() || len(v.DeadLetters) != 1 || s.logs.requests != 0 {
		t.Errorf("after %d requests it is %+v", s.logs.requests, v)
	}
}

// broken is a store whose records cannot be read.
type broken struct{ orderview.Store }

var errFormat = errors.New("its format is unknown")

func (broken) Load(context.Context, string) (participant.Record, error) {
	return participant.Record{}, errFormat
}

func TestARecordThatCannotBeReadIsShownAsSuch(t *testing.T) {
	s := newSaga(t)
	waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
	s.stores["payment"] = broken{s.stores["payment"]}
	v := s.view()
	var unreadable []string
	for _, c := range v.Contexts {
		if errors.Is(c.Unreadable, errFormat) {
			unreadable = append(unreadable, c.Name)
		}
	}
	assertEqual(t, "the contexts with such a record", []string{"payment"}, unreadable)
	assertEqual(t, "what is expected", []string{"payment.taken"}, v.Expected()[0].Delivery.Next)
	s.stores["order"] = broken{s.stores["order"]}
	if _, err := s.loader().Load(t.Context(), id, nil); !errors.Is(err, errFormat) || !strings.Contains(err.Error(), "the record in order") {
		t.Errorf("the error is %v", err)
	}
}
