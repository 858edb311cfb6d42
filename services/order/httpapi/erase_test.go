package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"example.com/saga/pkg/contract"
	"example.com/saga/services/order"
)

// placeAndErase places an order with a key, and erases it after it was shipped.
func (s *shop) placeAndErase(key string) string {
	s.t.Helper()
	id := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: "+key).text("orderId")
	s.handle(id, "awarded", contract.OrderShipped{CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}}})
	if err := s.orders.Erase(s.t.Context(), id, order.Tombstone(s.now)); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestAnErasedOrderIsGoneAndTheAnswerHasNothingOfIt(t *testing.T) {
	s := newShop(t)
	id := s.placeAndErase("key-1")
	published := len(s.publisher.Published())
	for name, r := range map[string]reply{
		"read":         s.send(http.MethodGet, "/orders/"+id, ""),
		"cancelled":    s.send(http.MethodPost, "/orders/"+id+"/cancellation", ""),
		"placed again": s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1"),
		"placed with another body": s.send(http.MethodPost, "/orders", strings.Replace(goodOrder, "card", "cash", 1),
			"Idempotency-Key: key-1"),
	} {
		r.isProblem(t, http.StatusGone, "/problems/erased")
		if want := `{"type":"` + s.url + `/problems/erased","title":"Erased","status":410,"detail":"This order has been erased."}`; r.raw != want {
			t.Errorf("%s: the answer is %s", name, r.raw)
		}
	}
	if got := len(s.publisher.Published()); got != published {
		t.Errorf("%d events are published after the erasure", got-published)
	}
	for _, span := range s.spans.GetSpans() {
		if span.Status.Code == codes.Error {
			t.Errorf("%s is a fault: %s", span.Name, span.Status.Description)
		}
	}
	if r := s.send(http.MethodPost, "/orders", goodOrder); r.status != http.StatusAccepted {
		t.Errorf("a new order is answered by %d %s", r.status, r.raw)
	}
}

func TestACancellationThatLosesARaceAgainstAnErasureIsAnsweredWithGone(t *testing.T) {
	s := newShop(t)
	id := s.place()
	s.handle(id, "refused", contract.CancellationRefused{})
	s.store.beforeLoad = func(n int) error {
		if n != 2 { // The first load shows the order as it was.
			return nil
		}
		return s.orders.Erase(t.Context(), id, order.Tombstone(s.now))
	}
	s.store.loads = 0
	s.send(http.MethodPost, "/orders/"+id+"/cancellation", "").isProblem(t, http.StatusGone, "/problems/erased")
}
