package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// stoppedOrder is an order that a dead letter stops.
func stoppedOrder() orderview.View {
	stops := dlq.DeadLetter{
		Message: deadletter.Message{ID: "m-1", From: "arn:queue", Sent: now.Add(-time.Minute)}, Queue: "Payment/DeadLetters", Context: "payment",
		Event:  deadletter.Content{Type: "warehouse.stock-reserved", ID: "e-2", Order: "o-1"},
		Reason: "failed 10 times in Payment/Queue", Attempts: 10, LastError: "call the provider: dial tcp: connection refused",
	}
	return orderview.View{
		ID: "o-1", ReadAt: now, CorrelationID: "c-1", TraceIDs: []string{"1-2"},
		Order: order.State{Progress: order.Reserved, CustomerID: "c-42", PlacedAt: now.Add(-2 * time.Minute), Deadline: now.Add(time.Hour)},
		Contexts: []orderview.Context{{Name: "warehouse", Record: participant.Record{
			Version: 1, State: json.RawMessage(`{"status":"reserved","shippingAddress":"` + strings.Repeat("far away ", 12) + `\\u001b[2J"}`),
		}}},
		Events: []orderview.Event{
			{Type: "order.placed", ID: "e-1", Publisher: "order", Time: now.Add(-2 * time.Minute), Logged: 2, Recorded: true},
			{
				Type: "warehouse.stock-reserved", ID: "e-2", Cause: "e-1", Publisher: "warehouse", Time: now.Add(-112 * time.Second), Logged: 1, Recorded: true,
				Deliveries: []orderview.Delivery{
					{Consumer: "order", HandledAt: now.Add(-111 * time.Second), Handled: 2},
					{Consumer: "payment", Failed: 10, LastError: stops.LastError, Next: []string{"payment.taken"}, DeadLetter: &stops},
				},
			},
		},
		DeadLetters: []dlq.DeadLetter{stops},
		Lines: []logs.Line{{
			Function: "Payment/Worker", Time: now.Add(-time.Minute),
			Fields: logs.Fields{Message: "failed", EventType: "warehouse.stock-reserved", Error: stops.LastError},
		}},
		Ends:    []logs.Line{{Function: "Payment/Worker", Time: now.Add(-90 * time.Second), Text: "RequestId: 7 Error: Runtime exited with error: signal: killed"}},
		Balance: orderview.Balance{Reserved: []contract.Stock{{SKU: "123", Quantity: 2}}},
	}
}

const stoppedPage = `Order o-1
Stopped for 1 m 52 s: Payment failed 10 times on warehouse.stock-reserved:
connection refused (call the provider: dial tcp). It is cancelled in 1 h 0 m if
it has not ended.
Customer c-42; placed 2026-03-01T11:58:00Z; trace 1-2.

EVENTS
     +0 ms  order.placed; published 2 times
      +8 s   warehouse.stock-reserved; handled 2× by Order; failed 10× in
             Payment; dead letter in Payment/DeadLetters
  expected    payment.taken, when Payment has handled warehouse.stock-reserved

RECORDS
Warehouse   { "status": "reserved", "shippingAddress": "far away far away far
            away far away far away far away far away far away far away far away
            far away far away \\u001b[2J" }

BALANCE     HELD                RETURNED
Stock       2 of 123            -

DEAD LETTERS
m-1 in Payment/DeadLetters, of warehouse.stock-reserved, 1 m 0 s old
  connection refused (failed 10 times in Payment/Queue: call the provider: dial
  tcp)

LOG
     +30 s  Payment/Worker    Runtime exited with error: signal: killed
  +1 m 0 s  Payment/Worker    failed warehouse.stock-reserved: connection
                              refused (call the provider: dial tcp)
`

func TestThePageOfAnOrderIsReadableOn80Columns(t *testing.T) {
	o := newOffice()
	if err := o.printOrder(stoppedOrder()); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the page", stoppedPage, o.out.String())
	for line := range strings.Lines(o.out.String()) {
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 80 {
			t.Errorf("a line has %d columns: %s", width, line)
		}
	}
}

func TestThePageOfAnOrderCannotControlTheTerminal(t *testing.T) {
	const hostile = "\u009b2J\u202e\x1b[2J"
	v := stoppedOrder()
	v.ID, v.Order.CustomerID, v.Events[0].Type, v.Lines[0].Error = hostile, hostile, hostile, hostile
	v.DeadLetters[0].Queue, v.Contexts[0].State = hostile, json.RawMessage(`"`+hostile+`"`)
	o := newOffice()
	if err := o.printOrder(v); err != nil {
		t.Fatal(err)
	}
	if got := o.out.String(); strings.ContainsAny(got, hostile[:2]+"\u202e\x1b") || !strings.Contains(got, `\x1b[2J`) {
		t.Errorf("the page is %q", got)
	}
}

func TestAnOrderIsShownAsOneJSONObject(t *testing.T) {
	o := newOffice()
	if err := printJSON(o.operator, []shownOrder{showOrder(stoppedOrder())}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, Status, Sentence string
		Events               []struct{ ID, Cause string }
		DeadLetters          []struct{ ID, Reason, LastError string }
		Records              map[string]struct{ Version int }
		Lines, Ends          []struct{ Function string }
	}
	if err := json.Unmarshal(o.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "o-1" || got.Status != "reserved" || !strings.HasPrefix(got.Sentence, "Stopped for 1 m 52 s: ") || len(got.Events) != 2 || got.Events[1].Cause != "e-1" ||
		len(got.DeadLetters) != 1 || got.DeadLetters[0].LastError == "" || got.Records["warehouse"].Version != 1 || len(got.Lines) != 1 || len(got.Ends) != 1 {
		t.Errorf("the order is %+v", got)
	}
}
