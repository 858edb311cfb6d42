package orderview_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/pkg/contract"
	"example.com/saga/services/order"
)

// placed logs that an order was placed.
func (s *saga) placed(order string, at time.Time) {
	s.logs.put("events", at, fmt.Sprintf(`{"source":"order","detail-type":"order.placed","detail":{"type":"order.placed","id":"e of %s","subject":%q}}`, order, order))
}

// list returns the ids of the orders on each page.
func (s *saga) list(limit int) [][]string {
	s.t.Helper()
	var pages [][]string
	for before := (time.Time{}); ; {
		page, err := s.loader().List(s.t.Context(), before, limit, nil)
		must(s.t, err)
		var ids []string
		for _, row := range page.Rows {
			ids = append(ids, row.ID)
		}
		pages = append(pages, ids)
		if before = page.Before; before.IsZero() {
			return pages
		}
	}
}

func TestOrdersAreListedOnceNewestFirstAndInPages(t *testing.T) {
	for name, between := range map[string]time.Duration{"many a second": 7 * time.Millisecond, "one a minute": time.Minute, "one a day": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newSaga(t)
			var want []string
			for n := range 25 {
				s.placed(fmt.Sprint("o-", n), start.Add(-time.Duration(n)*between))
				want = append(want, fmt.Sprint("o-", n))
			}
			s.placed("o-3", start.Add(-3*between)) // Published again.
			pages := s.list(10)
			assertEqual(t, "the orders", want, slices.Concat(pages...))
			assertEqual(t, "the first page", 10, len(pages[0]))
		})
	}
}

func TestOrdersOfOneMillisecondAreOnOnePage(t *testing.T) {
	s := newSaga(t)
	for n := range 5 {
		s.placed(fmt.Sprint("o-", n), start)
	}
	s.placed("o-5", start.Add(-time.Millisecond))
	assertEqual(t, "the pages", [][]string{{"o-0", "o-1", "o-2", "o-3", "o-4"}, {"o-5"}}, s.list(2))
}

func TestAListReadsLittleMoreThanItReturns(t *testing.T) {
	s := newSaga(t)
	for n := range 1000 {
		s.placed(fmt.Sprint("o-", n), start.Add(-time.Duration(n)*time.Second))
	}
	_, err := s.loader().List(t.Context(), time.Time{}, 50, nil)
	must(t, err)
	if s.logs.requests > 4 {
		t.Errorf("the first page takes %d requests", s.logs.requests)
	}
	s.logs.logged, s.logs.requests = nil, 0
	assertEqual(t, "the pages", [][]string{nil}, s.list(50))
	if s.logs.requests > 12 {
		t.Errorf("a list without orders takes %d requests", s.logs.requests)
	}
}

func TestARowHasTheStateTheEndAndTheDeadLettersOfItsOrder(t *testing.T) {
	s := newSaga(t)
	buys(declined)(s)
	page, err := s.loader().List(t.Context(), time.Time{}, 10, []dlq.DeadLetter{{Event: deadletter.Content{Order: id}}, {Event: deadletter.Content{Order: "o-2"}}})
	must(t, err)
	if len(page.Rows) != 1 {
		t.Fatalf("the rows are %+v", page.Rows)
	}
	row := page.Rows[0]
	if row.ID != id || row.Order.Status() != order.StatusCancelled || row.Order.Reason != contract.PaymentWasDeclined || row.Order.CustomerID != "c-42" ||
		!row.PlacedAt.Equal(start) || !row.EndedAt.Equal(start.Add(3*step)) || row.DeadLetters != 1 {
		t.Errorf("the row is %+v", row)
	}
}
