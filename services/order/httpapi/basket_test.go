package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
)

// lines returns the good order with other items, each as a JSON object.
func lines(items ...string) string {
	return with(`{"sku": "123", "quantity": 2, "price": 1250}`, strings.Join(items, ", "))
}

// The items of a basket: one SKU twice, at different prices, and another one.
const (
	two      = `{"sku": "123", "quantity": 2, "price": 1250}`
	oneMore  = `{"sku": "123", "quantity": 1, "price": 1000}`
	otherSKU = `{"sku": "abc", "quantity": 3, "price": 99}`
	itsTotal = 2*1250 + 1*1000 + 3*99
)

func TestEveryLineOfAnOrderIsPlaced(t *testing.T) {
	s := newShop(t)
	if r := s.send(http.MethodPost, "/orders", lines(two, oneMore, otherSKU)); r.status != http.StatusAccepted {
		t.Fatalf("the order is answered by %d %s", r.status, r.raw)
	}
	placed := s.lastOrder(t)
	want := []contract.Item{
		{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"},
		{SKU: "123", Quantity: 1, Price: 1000, Currency: "EUR"},
		{SKU: "abc", Quantity: 3, Price: 99, Currency: "EUR"},
	}
	if diff := cmp.Diff(want, placed.Items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if got := placed.Total(); got != (contract.Money{Amount: itsTotal, Currency: "EUR"}) {
		t.Errorf("the total is %v", got)
	}
}

func TestAKeyIsRefusedForAnOrderThatDiffersInOneLine(t *testing.T) {
	all := []string{two, oneMore, otherSKU}
	for name, items := range map[string][]string{
		"without the first line":          {oneMore, otherSKU},
		"without a later line":            {two, oneMore},
		"with one more line":              {two, oneMore, otherSKU, otherSKU},
		"with lines in another order":     {otherSKU, two, oneMore},
		"with another SKU in a line":      {two, oneMore, strings.Replace(otherSKU, "abc", "abd", 1)},
		"with another quantity in a line": {two, oneMore, strings.Replace(otherSKU, "3", "4", 1)},
		"with another price in a line":    {two, strings.Replace(oneMore, "1000", "1001", 1), otherSKU},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			first := s.send(http.MethodPost, "/orders", lines(all...), "Idempotency-Key: key-1")
			again := s.send(http.MethodPost, "/orders", lines(all...), "Idempotency-Key: key-1")
			if first.status != http.StatusAccepted || again.raw != first.raw {
				t.Fatalf("first %d %s, then %d %s", first.status, first.raw, again.status, again.raw)
			}
			other := s.send(http.MethodPost, "/orders", lines(items...), "Idempotency-Key: key-1")
			other.isProblem(t, http.StatusUnprocessableEntity, "/problems/idempotency-key-reused")
		})
	}
}

func TestTheLimitOfTheTotalIsThatOfAllLines(t *testing.T) {
	s := newShop(t)
	largest := `{"sku": "123", "quantity": 1, "price": 100000000000}`
	if r := s.send(http.MethodPost, "/orders", lines(slices.Repeat([]string{largest}, 10)...)); r.status != http.StatusAccepted {
		t.Errorf("an order of the largest total is answered by %d %s", r.status, r.raw)
	}
	r := s.send(http.MethodPost, "/orders", lines(append(slices.Repeat([]string{largest}, 10), `{"sku": "abc", "quantity": 1, "price": 1}`)...))
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
	r.pointsTo(t, "/items")
}

func TestEveryLineIsChecked(t *testing.T) {
	s := newShop(t)
	for i := range 3 {
		items := []string{two, two, two}
		items[i] = strings.Replace(two, `"price"`, `"currency": "USD", "price"`, 1)
		r := s.send(http.MethodPost, "/orders", lines(items...))
		r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
		r.pointsTo(t, fmt.Sprintf("/items/%d/currency", i))
	}
}
