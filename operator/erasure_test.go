package main

import (
	"errors"
	"testing"
	"time"

	"example.com/saga/operator/erase"
	"example.com/saga/services/order"
)

func erasure() (erase.Outcome, []erase.Remainder) {
	shipped := erase.Order{ID: "o-1", State: order.State{Progress: order.Shipped}, Notified: map[string]string{"warehouse.order-shipped": "e-1"}}
	open := erase.Order{ID: "o-2", State: order.State{Progress: order.Paid}}
	return erase.Outcome{
		Orders: []erase.OrderOutcome{{Order: shipped}, {Order: open, Err: errors.New("not\nyet")}},
		Queues: []erase.QueueOutcome{{Queue: "Shop/Queue"}, {Queue: "Shop/DeadLetters", Removed: 2}, {Queue: "Shop/Undelivered", Unseen: 1}},
	}, []erase.Remainder{{What: "archive", Has: "all events", For: 60 * 24 * time.Hour}}
}

func TestTheOutcomeOfAnErasureIsPrinted(t *testing.T) {
	outcome, remains := erasure()
	o := newOffice()
	if err := o.printErasure(newReport(outcome, remains, false, now)); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "what is printed", ""+
		"ORDER  STATUS   RESULT\n"+
		"o-1    shipped  erased\n"+
		"o-2    paid     not erased: not; yet\n"+
		"\n"+
		"QUEUE             REMOVED  NOT SEEN\n"+
		"Shop/DeadLetters  2        0\n"+
		"Shop/Undelivered  0        1\n"+
		"\n"+
		"ENDPOINT NOTIFIED OF ORDER  EVENT                    EVENT ID\n"+
		"o-1                         warehouse.order-shipped  e-1\n"+
		"\n"+
		"WHAT REMAINS  HAS         GONE BY\n"+
		"archive       all events  2026-04-30\n", o.out.String())
	assertEqual(t, "warnings", "", o.problems.String())
}

func TestAPlannedErasureIsPrintedAsOne(t *testing.T) {
	outcome, remains := erasure()
	outcome.Orders[1].Err = nil
	o := newOffice()
	if err := o.printErasure(newReport(outcome, remains, true, now)); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "what is printed", ""+
		"ORDER  STATUS   RESULT\n"+
		"o-1    shipped  would be erased\n"+
		"o-2    paid     would be cancelled and erased\n"+
		"\n"+
		"QUEUE             TO REMOVE  NOT SEEN\n"+
		"Shop/DeadLetters  2          0\n"+
		"Shop/Undelivered  0          1\n"+
		"\n"+
		"ENDPOINT NOTIFIED OF ORDER  EVENT                    EVENT ID\n"+
		"o-1                         warehouse.order-shipped  e-1\n"+
		"\n"+
		"WHAT REMAINS  HAS         GONE BY\n"+
		"archive       all events  2026-04-30\n", o.out.String())
}

func TestAnOrderOfWhichOnlyThePointsAreLeftIsExpired(t *testing.T) {
	outcome := erase.Outcome{Orders: []erase.OrderOutcome{{Order: erase.Order{ID: "o-1", Expired: true}}}}
	for dryRun, want := range map[bool]string{true: "would be erased", false: "erased"} {
		got := newReport(outcome, nil, dryRun, now).Orders
		assertEqual(t, "the orders", []erasedOrder{{ID: "o-1", Status: "expired", Result: want}}, got)
	}
}

func TestACustomerWithoutOrdersIsWarnedOf(t *testing.T) {
	_, remains := erasure()
	o := newOffice()
	if err := o.printErasure(newReport(erase.Outcome{}, remains, false, now)); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "what is printed", "WHAT REMAINS  HAS         GONE BY\narchive       all events  2026-04-30\n", o.out.String())
	assertEqual(t, "the warning", "operator: no order of this customer is known\n", o.problems.String())
}

func TestAnErasureIsOneObjectOfJSON(t *testing.T) {
	outcome, remains := erasure()
	o := newOffice()
	if err := printJSON(o.operator, []erasureReport{newReport(outcome, remains, false, now)}); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the line", `{"dryRun":false,"orders":[`+
		`{"id":"o-1","status":"shipped","result":"erased","notified":{"warehouse.order-shipped":"e-1"}},`+
		`{"id":"o-2","status":"paid","result":"not erased: not; yet","notified":null}],"queues":[`+
		`{"queue":"Shop/DeadLetters","removed":2,"unseen":0},{"queue":"Shop/Undelivered","removed":0,"unseen":1}],"remains":[`+
		`{"what":"archive","has":"all events","goneBy":"2026-04-30T12:00:00Z"}]}`+"\n", o.out.String())
}
