package orderlist_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/orderlist"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// table is the table of the order context in memory.
type table struct {
	records map[string]participant.Record
	// unprocessed are left out of the next answer.
	unprocessed map[string]bool
	loads       []string
	err         error
}

func (t *table) ScanRecords(_ context.Context, each func(participant.Record)) error {
	for _, record := range t.records {
		each(record)
	}
	return t.err
}

func (t *table) LoadAll(_ context.Context, ids []string) (map[string]participant.Record, error) {
	t.loads = slices.Clone(ids)
	found := make(map[string]participant.Record)
	for _, id := range ids {
		if !t.unprocessed[id] {
			found[id] = t.records[id]
		}
	}
	t.unprocessed = nil
	return found, t.err
}

// put records an order that was placed so many seconds ago, and has handled events.
func (t *table) put(id string, secondsAgo int, state order.State, handled ...participant.Handled) {
	state.PlacedAt = now.Add(-time.Duration(secondsAgo) * time.Second)
	encoded, err := json.Marshal(state)
	if err != nil {
		panic(err)
	}
	t.records[id] = participant.Record{Subject: id, Version: 1, State: encoded, Handled: handled}
}

func handled(data event.Data, published ...event.Data) participant.Handled {
	h := participant.Handled{Type: data.EventType(), OccurredAt: now.Add(-50 * time.Second), HandledAt: now.Add(-40 * time.Second)}
	for _, p := range published {
		h.Published = append(h.Published, event.Event{Type: p.EventType()})
	}
	return h
}

func newList(t *testing.T) (*orderlist.List, *table) {
	t.Helper()
	of := &table{records: make(map[string]participant.Record)}
	return orderlist.New(of, func() time.Time { return now }), of
}

func ids(l *orderlist.List, matches func(orderlist.Row) bool, skip, most int) (all []string) {
	rows, _ := l.Page(matches, skip, most)
	for _, row := range rows {
		all = append(all, row.ID)
	}
	return all
}

func assertEqual(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestOrdersAreListedNewestFirstAndInPages(t *testing.T) {
	l, of := newList(t)
	of.put("c", 100, order.State{Progress: order.Shipped}, handled(contract.OrderShipped{}))
	of.put("a", 300, order.State{Progress: order.Placed})
	of.put("b", 200, order.State{Rollback: order.RollbackComplete})
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "all", []string{"c", "b", "a"}, ids(l, nil, 0, 10))
	assertEqual(t, "the second page", []string{"b"}, ids(l, nil, 1, 1))
	assertEqual(t, "beyond the end", []string(nil), ids(l, nil, 3, 10))
	running := func(r orderlist.Row) bool { return !r.Ended() }
	assertEqual(t, "those that run", []string{"a"}, ids(l, running, 0, 10))
	assertEqual(t, "the second page of them", []string(nil), ids(l, running, 1, 10))
	if _, total := l.Page(running, 5, 5); total != 1 {
		t.Errorf("%d run", total)
	}
	assertEqual(t, "the counts", orderlist.Counts{Placed: 3, Shipped: 1, Cancelled: 1, Running: 1}, l.Counts())
}

func TestOrdersThatWereTouchedOrHaveNotEndedAreLoadedAgain(t *testing.T) {
	l, of := newList(t)
	of.put("runs", 100, order.State{Progress: order.Placed})
	of.put("ended", 200, order.State{Progress: order.Shipped}, handled(contract.OrderShipped{}))
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	refresh := func(want ...string) {
		t.Helper()
		of.loads = nil
		if err := l.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "what is loaded", want, slices.Sorted(slices.Values(of.loads)))
	}
	before := l.Stamp("")
	refresh("runs")
	if l.Stamp("") != before {
		t.Error("nothing has changed, and the stamp has")
	}
	l.Touch("ended")
	l.Touch("delivery-1") // A stock receipt, which is no order.
	of.put("new", 1, order.State{Progress: order.Placed})
	l.Touch("new")
	refresh("delivery-1", "ended", "new", "runs")
	assertEqual(t, "the list", []string{"new", "runs", "ended"}, ids(l, nil, 0, 10))
	of.put("runs", 100, order.State{Progress: order.Shipped}, handled(contract.OrderShipped{}))
	of.unprocessed = map[string]bool{"new": true}
	refresh("new", "runs")
	refresh("new")
	if l.Stamp("") == before || l.Stamp("runs") == 0 {
		t.Error("an order has ended, and the stamps are the same")
	}
	assertEqual(t, "the counts", orderlist.Counts{Placed: 3, Shipped: 2, Running: 1}, l.Counts())
}

func TestAnOrderThatHasJustEndedIsLoadedUntilItsEventsAreHandled(t *testing.T) {
	l, of := newList(t)
	end := handled(contract.StockReleased{}, contract.OrderCancelled{})
	end.HandledAt = now.Add(-29 * time.Second)
	of.put("o", 60, order.State{Rollback: order.RollbackComplete}, end)
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	of.put("o", 60, order.State{Rollback: order.RollbackComplete}, end, handled(contract.StockReserved{}))
	if err := l.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, _ := l.Page(nil, 0, 1)
	assertEqual(t, "the steps", [5]orderlist.Step{orderlist.NotDone, orderlist.Undone}, rows[0].Steps)
}

func TestARowHasTheStepsOfItsOrder(t *testing.T) {
	l, of := newList(t)
	of.put("o", 60, order.State{Rollback: order.RollbackComplete, Reason: contract.Undeliverable, CustomerID: "c-1"},
		handled(order.Place{}, contract.OrderPlaced{}), handled(contract.StockReserved{}), handled(contract.PaymentTaken{}),
		handled(contract.PaymentRefunded{}), handled(contract.StockReleased{}, contract.OrderCancelled{}))
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, known := l.Find("o")
	if !known {
		t.Fatal("it is unknown")
	}
	assertEqual(t, "the row", orderlist.Row{
		ID: "o", Customer: "c-1", Status: order.StatusCancelled, Reason: contract.Undeliverable,
		PlacedAt: now.Add(-60 * time.Second), EndedAt: now.Add(-40 * time.Second),
		Steps: [5]orderlist.Step{orderlist.Done, orderlist.Undone, orderlist.Undone, orderlist.NotDone, orderlist.NotDone},
	}, row)
}

func TestAnOrderIsFoundByTheBeginningOfItsIDIfItIsTheOnlyOne(t *testing.T) {
	l, of := newList(t)
	for _, id := range []string{"12345678-a", "12345678-b", "abcdefgh-c"} {
		of.put(id, 1, order.State{})
	}
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"12345678-a": "12345678-a", "abcdefgh": "abcdefgh-c", "12345678": "", "abc": "", "": ""} {
		if row, known := l.Find(text); row.ID != want || known != (want != "") {
			t.Errorf("%q finds %q", text, row.ID)
		}
	}
}

func TestARefreshLoadsNoMoreThanItsLimitAndTheRestNext(t *testing.T) {
	l, of := newList(t)
	const many = 1200
	for i := range many {
		id := fmt.Sprintf("%04d", i)
		of.put(id, i, order.State{Progress: order.Placed})
		l.Touch(id)
	}
	loaded := make(map[string]bool)
	for range 3 {
		if err := l.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(of.loads) > 500 {
			t.Errorf("%d are loaded at once", len(of.loads))
		}
		for _, id := range of.loads {
			loaded[id] = true
		}
	}
	if len(loaded) != many {
		t.Errorf("%d are loaded", len(loaded))
	}
}

func TestTheOldestOrdersThatHaveEndedAreDropped(t *testing.T) {
	l, of := newList(t)
	for i := range orderlist.Most + 1 {
		of.put(fmt.Sprintf("%06d", i), 100+i, order.State{Progress: order.Shipped}, handled(contract.OrderShipped{}))
	}
	oldest := fmt.Sprintf("%06d", orderlist.Most+1)
	of.put(oldest, 1_000_000, order.State{Progress: order.Placed})
	if err := l.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the counts", orderlist.Counts{Placed: orderlist.Most, Shipped: orderlist.Most - 1, Running: 1}, l.Counts())
	if _, known := l.Find(oldest); !known {
		t.Error("an order that has not ended was dropped")
	}
}

func TestARecordThatCannotBeReadIsAnErrorAndTheOthersAreListed(t *testing.T) {
	l, of := newList(t)
	of.put("good", 1, order.State{})
	of.records["bad"] = participant.Record{Subject: "bad", Version: 1, State: json.RawMessage("{")}
	if err := l.Fill(t.Context()); err == nil {
		t.Error("there is no error")
	}
	assertEqual(t, "the list", []string{"good"}, ids(l, nil, 0, 10))
	of.err = errors.New("throttled")
	if err := l.Refresh(t.Context()); !errors.Is(err, of.err) {
		t.Errorf("the error is %v", err)
	}
	of.err = nil
	of.put("good", 1, order.State{Progress: order.Paid})
	if err := l.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if row, _ := l.Find("good"); row.Status != order.StatusPaid {
		t.Errorf("after the error it is %s", row.Status)
	}
}

func BenchmarkThePageOfTenThousandOrders(b *testing.B) {
	of := &table{records: make(map[string]participant.Record)}
	for i := range 10_000 {
		of.put(fmt.Sprintf("%06d", i), i, order.State{Progress: order.Shipped}, handled(contract.OrderShipped{}))
	}
	l := orderlist.New(of, func() time.Time { return now })
	if err := l.Fill(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if rows, _ := l.Page(nil, 0, 50); len(rows) != 50 {
			b.Fatal("the page is not full")
		}
	}
}
