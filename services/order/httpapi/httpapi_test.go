package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

func TestAnOrderIsPlaced(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", goodOrder)
	id := r.text("orderId")
	if r.status != http.StatusAccepted || id == "" || r.header.Get("Location") != "/orders/"+id {
		t.Fatalf("the answer is %d %s, Location %q", r.status, r.raw, r.header.Get("Location"))
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("the content type is %q", got)
	}
	published := s.publisher.Published()
	if len(published) != 1 {
		t.Fatalf("published is %v", published)
	}
	placed := published[0]
	if placed.Subject != id || placed.CorrelationID == "" || placed.CausationID != "" {
		t.Errorf("the event is %+v", placed)
	}
	want := map[string]any{"orderId": id, "status": "placed", "correlationId": placed.CorrelationID}
	if diff := cmp.Diff(want, r.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	data, err := s.language.Decode(placed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      "c-42",
		Items:           []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street",
		PaymentMethod:   "card",
	}, data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

func TestOrdersWithoutAKeyAreDifferentOrders(t *testing.T) {
	s := newShop(t)
	if one, other := s.place(), s.place(); one == other {
		t.Errorf("both orders are %s", one)
	}
}

func TestARepeatedRequestGetsTheFirstAnswerAndPlacesNoSecondOrder(t *testing.T) {
	s := newShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	sameMeaning := strings.ReplaceAll(strings.ReplaceAll(goodOrder, "\t", ""), `"price": 1250`, `"price": 1250, "currency": "EUR"`)
	repeat := func() {
		t.Helper()
		commits := s.store.commits
		again := s.send(http.MethodPost, "/orders", sameMeaning, "Idempotency-Key: key-1")
		if again.status != first.status || again.raw != first.raw || again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("first %d %s, then %d %s", first.status, first.raw, again.status, again.raw)
		}
		if s.store.commits != commits {
			t.Error("the repeated request was stored")
		}
		if ids := s.published("order.placed"); len(ids) != 2 || ids[0] != ids[1] {
			t.Errorf("published are %v, want one id twice", ids)
		}
	}
	repeat()
	s.handle(first.text("orderId"), s.published("order.placed")[0], contract.StockReserved{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
		Total: contract.Money{Amount: 2500, Currency: "EUR"}, PaymentMethod: "card",
	})
	repeat() // The warehouse has the order, so it is not published again.
}

func TestAKeyIsRefusedForAnotherOrder(t *testing.T) {
	s := newShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	commits := s.store.commits
	other := strings.ReplaceAll(goodOrder, `"quantity": 2`, `"quantity": 3`)
	r := s.send(http.MethodPost, "/orders", other, "Idempotency-Key: key-1")
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/idempotency-key-reused")
	if want := "This key was used before with another body: use a new key for a new order."; r.text("detail") != want {
		t.Errorf("the detail is %q", r.text("detail"))
	}
	if strings.Contains(r.raw, first.text("orderId")) || s.store.commits != commits {
		t.Errorf("the refusal shows or changes the first order: %s", r.raw)
	}
	for _, id := range s.published("order.placed") {
		if id != s.published("order.placed")[0] {
			t.Errorf("a second order is published: %s", id)
		}
	}
}

func TestTheTimelineHasAllEvents(t *testing.T) {
	s := newShop(t)
	id := s.place()
	placed := s.published("order.placed")[0]
	unavailable := s.handle(id, placed,
		contract.StockUnavailable{Missing: []string{"123"}, Reason: contract.OutOfStock})
	r := s.send(http.MethodGet, "/orders/"+id, "")
	at := now.Format("2006-01-02T15:04:05Z07:00")
	want := map[string]any{
		"orderId": id, "status": "cancelled", "reason": "out-of-stock",
		"correlationId": s.publisher.Published()[0].CorrelationID,
		"timeline": []any{
			map[string]any{"type": "order.placed", "id": placed, "source": "order", "time": at},
			map[string]any{"type": "warehouse.stock-unavailable", "id": unavailable, "source": "warehouse", "time": at, "causationId": placed},
			map[string]any{
				"type": "order.cancelled", "id": s.published("order.cancelled")[0], "source": "order", "time": at, "causationId": unavailable,
			},
		},
	}
	if diff := cmp.Diff(want, r.body); diff != "" || r.status != http.StatusOK {
		t.Errorf("%d, body (-want +got):\n%s", r.status, diff)
	}
}

func TestACancellationIsRequestedOnce(t *testing.T) {
	s := newShop(t)
	id := s.place()
	for range 2 {
		r := s.send(http.MethodPost, "/orders/"+id+"/cancellation", "")
		if r.status != http.StatusAccepted || r.text("status") != "cancelling" || r.text("orderId") != id ||
			r.text("correlationId") != s.publisher.Published()[0].CorrelationID {
			t.Errorf("the answer is %d %s", r.status, r.raw)
		}
	}
	if ids := s.published("order.cancellation-requested"); len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("published are %v, want one id, again for the second request", ids)
	}
	if s.store.commits != 2 {
		t.Errorf("%d commits, want one for the order and one for the cancellation", s.store.commits)
	}
}

func TestAnOrderThatHasEndedCannotBeCancelled(t *testing.T) {
	shipped := func(s *shop, id string) {
		s.handle(id, "awarded", contract.OrderShipped{
			CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
		})
	}
	refused := func(s *shop, id string) {
		s.handle(id, "requested", contract.CancellationRefused{})
	}
	cancelled := func(s *shop, id string) {
		s.handle(id, "refunded",
			contract.StockReleased{Items: []contract.Stock{}, Reason: contract.CancelledByCustomer})
	}
	for name, test := range map[string]struct {
		requested bool
		end       func(s *shop, id string)
	}{
		"after it was shipped":                   {false, shipped},
		"after it was cancelled":                 {false, cancelled},
		"requested again after it was shipped":   {true, shipped},
		"requested again after it was refused":   {true, refused},
		"requested again after it was cancelled": {true, cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			id := s.place()
			if test.requested {
				if r := s.send(http.MethodPost, "/orders/"+id+"/cancellation", ""); r.status != http.StatusAccepted {
					t.Fatalf("the first request is answered by %d %s", r.status, r.raw)
				}
			}
			test.end(s, id)
			commits := s.store.commits
			s.send(http.MethodPost, "/orders/"+id+"/cancellation", "").isProblem(t, http.StatusConflict, "/problems/too-late")
			if s.store.commits != commits {
				t.Error("the refusal was stored")
			}
		})
	}
}

func TestAnErrorOfTheStoreIsLoggedAndAnsweredWithUnavailable(t *testing.T) {
	s := newShop(t)
	id := s.place()
	s.store.err = errors.New("secret table name")
	for _, request := range [][2]string{
		{http.MethodPost, "/orders"},
		{http.MethodGet, "/orders/" + id},
		{http.MethodPost, "/orders/" + id + "/cancellation"},
	} {
		r := s.send(request[0], request[1], goodOrder)
		r.isProblem(t, http.StatusServiceUnavailable, "/problems/unavailable")
		if strings.Contains(r.raw, "secret") || r.header.Get("Retry-After") == "" {
			t.Errorf("the answer is %v %s", r.header, r.raw)
		}
		if !strings.Contains(s.logs.String(), "secret table name") {
			t.Error("the error is not logged")
		}
	}
}

func TestACommittedRequestIsAcceptedAlthoughItsEventsCannotBePublished(t *testing.T) {
	s := newShop(t)
	s.publisher.err = errors.New("the bus is unavailable")
	first := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	if first.status != http.StatusAccepted || s.store.commits != 1 || len(s.publisher.Published()) != 0 {
		t.Fatalf("%d %s, %d commits, published is %v", first.status, first.raw, s.store.commits, s.publisher.Published())
	}
	if !strings.Contains(s.logs.String(), "the bus is unavailable") {
		t.Error("the error is not logged")
	}
	cancellation := "/orders/" + first.text("orderId") + "/cancellation"
	if r := s.send(http.MethodPost, cancellation, ""); r.status != http.StatusAccepted || r.text("status") != "cancelling" || s.store.commits != 2 {
		t.Errorf("%d %s, %d commits", r.status, r.raw, s.store.commits)
	}

	s.publisher.err = nil
	again := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	if again.status != http.StatusAccepted || again.raw != first.raw || s.store.commits != 2 {
		t.Errorf("first %s, then %d %s, %d commits", first.raw, again.status, again.raw, s.store.commits)
	}
	s.send(http.MethodPost, cancellation, "")
	for _, eventType := range []string{"order.placed", "order.cancellation-requested"} {
		if got := s.published(eventType); len(got) != 1 {
			t.Errorf("repeating the requests published %s %v", eventType, got)
		}
	}
}

func TestAnOrderIsDueAtItsDeadline(t *testing.T) {
	s := newShop(t)
	s.now = now.Add(987 * time.Millisecond)
	id := s.place()
	state, record, err := s.orders.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if want := now.Add(time.Hour); !state.Deadline.Equal(want) || !record.Due.Equal(want) {
		t.Errorf("the deadline is %s, the record is due at %s, expected is %s", state.Deadline, record.Due, want)
	}
}

func TestTheDeadlineOfARepeatedRequestIsThatOfTheFirst(t *testing.T) {
	s := newShop(t)
	id := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1").text("orderId")
	s.now = now.Add(time.Minute)
	if r := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1"); r.status != http.StatusAccepted {
		t.Errorf("the repeated request is answered by %d %s", r.status, r.raw)
	}
	state, _, err := s.orders.Load(t.Context(), id)
	if err != nil || !state.Deadline.Equal(now.Add(time.Hour)) {
		t.Errorf("the deadline is %s, %v", state.Deadline, err)
	}
}

func TestAnEventThatOvertookItsCauseIsShownWithAGapAfterTheWindow(t *testing.T) {
	s := newShop(t)
	id := s.place()
	shipped := s.handle(id, "missing", contract.OrderShipped{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
	})
	timeline := func() []any {
		entries, _ := s.send(http.MethodGet, "/orders/"+id, "").body["timeline"].([]any)
		return entries
	}
	if got := timeline(); len(got) != 1 {
		t.Errorf("within the window the timeline is %v", got)
	}
	s.now = now.Add(order.TimelineWindow)
	got := timeline()
	if len(got) != 2 {
		t.Fatalf("after the window the timeline is %v", got)
	}
	at := now.Format("2006-01-02T15:04:05Z07:00")
	want := map[string]any{
		"type": "warehouse.order-shipped", "id": shipped, "source": "warehouse", "time": at, "causationId": "missing", "gap": true,
	}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("the event with the gap (-want +got):\n%s", diff)
	}
}

func TestACancellationThatLosesTheRaceNeverRollsAShippedOrderBack(t *testing.T) {
	orderShipped := contract.OrderShipped{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
	}
	for name, answers := range map[string][]event.Data{
		"shipped, then refused": {orderShipped, contract.CancellationRefused{}},
		"refused, then shipped": {contract.CancellationRefused{}, orderShipped},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			id := s.place()
			if r := s.send(http.MethodPost, "/orders/"+id+"/cancellation", ""); r.status != http.StatusAccepted {
				t.Fatalf("the request is answered by %d %s", r.status, r.raw)
			}
			for _, answer := range answers {
				s.handle(id, "requested", answer)
				if r := s.send(http.MethodGet, "/orders/"+id, ""); r.text("status") != "shipped" || r.text("reason") != "" {
					t.Errorf("after %s: %s", answer.EventType(), r.raw)
				}
			}
			s.send(http.MethodPost, "/orders/"+id+"/cancellation", "").isProblem(t, http.StatusConflict, "/problems/too-late")
			if got := s.published("order.cancelled"); len(got) != 0 {
				t.Errorf("published are %v", got)
			}
		})
	}
}

func TestAnIDThatIsNoUUIDIsNotLookedUp(t *testing.T) {
	s := newShop(t)
	for _, id := range []string{"o-1", unknownID[:35] + "g", strings.ReplaceAll(unknownID, "-", ""), "urn:uuid:" + unknownID, "{" + unknownID + "}"} {
		s.send(http.MethodGet, "/orders/"+id, "").isProblem(t, http.StatusNotFound, "/problems/unknown-order")
	}
	if s.store.loads != 0 {
		t.Errorf("%d loads", s.store.loads)
	}
}

func TestAnAcceptedRequestIsLoggedWithItsOrderAndItsMetrics(t *testing.T) {
	type line struct {
		Message      string  `json:"msg"`
		OrderID      string  `json:"order_id"`
		OrdersPlaced float64 `json:"OrdersPlaced"`
	}
	s := newShop(t)
	id := s.place()
	s.send(http.MethodPost, "/orders/"+id+"/cancellation", "")
	var got []line
	for logged := range strings.Lines(s.logs.String()) {
		var each line
		if err := json.Unmarshal([]byte(logged), &each); err != nil {
			t.Fatal(err)
		}
		got = append(got, each)
	}
	if diff := cmp.Diff([]line{{"order placed", id, 1}, {"cancellation requested", id, 0}}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestAnUnknownOrderCannotBeCancelled(t *testing.T) {
	s := newShop(t)
	for _, id := range []string{"no-such-order", "01234567-89ab-5def-8123-456789abcdef"} {
		s.send(http.MethodPost, "/orders/"+id+"/cancellation", "").isProblem(t, http.StatusNotFound, "/problems/unknown-order")
	}
	if s.store.commits != 0 {
		t.Errorf("%d commits", s.store.commits)
	}
}
