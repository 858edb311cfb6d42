package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestBadRequestsAreToldWhatIsWrongAndLeaveNothingBehind(t *testing.T) {
	c := startCloud(t)
	before := c.footprint(t)
	edit := func(old, replacement string) string { return strings.Replace(basket, old, replacement, 1) }
	requests := []struct {
		name, method, path, body string
		status                   int
		problem, mentions        string
	}{
		{"no body", "POST", "/orders", "", 400, "no-body", "JSON object"},
		{"bad JSON", "POST", "/orders", `{"customerId":`, 400, "json", "not valid JSON"},
		{"unknown field", "POST", "/orders", edit(`"currency"`, `"coupon": "x", "currency"`), 400, "unknown-field", "coupon"},
		{"empty items", "POST", "/orders", edit(`[{"sku": "123", "quantity": 2, "price": 1250}]`, `[]`), 422, "order", "/items"},
		{"negative quantity", "POST", "/orders", edit(`"quantity": 2`, `"quantity": -2`), 422, "order", "/items/0/quantity"},
		{"mixed currencies", "POST", "/orders", edit(`"price": 1250`, `"price": 1250, "currency": "USD"`), 422, "order", "/items/0/currency"},
		{"300 KB body", "POST", "/orders", edit(`23 Fake Street`, strings.Repeat("x", 300_000)), 413, "too-large", "bytes"},
		{"wrong method", "DELETE", "/orders", "", 405, "method", "POST"},
		{"unknown order", "GET", "/orders/no-such-order", "", 404, "unknown-order", "no order"},
		{"unknown path", "GET", "/baskets", "", 404, "not-found", "/orders"},
	}
	for _, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			answer, err := c.do(t.Context(), request.method, request.path, request.body, "Content-Type", asJSON)
			if err != nil {
				t.Fatal(err)
			}
			var problem struct {
				Type, Title, Detail string
				Status              int
			}
			answer.decode(t, &problem)
			if answer.Status != request.status || problem.Status != request.status || problem.Title == "" ||
				problem.Type != "/problems/"+request.problem || !strings.Contains(string(answer.Body), request.mentions) {
				t.Errorf("answered %d: %s", answer.Status, answer.Body)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
		})
	}
	c.settled(t)
	if after := c.footprint(t); after != before {
		t.Errorf("bad requests left something behind: before %s, after %s", before, after)
	}
}

func TestARepeatedRequestPlacesNoSecondOrder(t *testing.T) {
	c := startCloud(t)
	place := func(key, body string) response {
		answer, err := c.do(t.Context(), http.MethodPost, "/orders", body, "Content-Type", asJSON, "Idempotency-Key", key)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	first := place("key-1", basket)
	var placed order
	first.decode(t, &placed)
	c.awaitStatus(t, placed.OrderID, "shipped")

	again := place("key-1", basket)
	if again.Status != http.StatusAccepted || string(again.Body) != string(first.Body) {
		t.Errorf("first answered %s, then %d: %s", first.Body, again.Status, again.Body)
	}
	other := place("key-1", strings.Replace(basket, `"quantity": 2`, `"quantity": 3`, 1))
	if other.Status != http.StatusUnprocessableEntity || !strings.Contains(string(other.Body), "idempotency-key-reused") {
		t.Errorf("another order with the same key: %d: %s", other.Status, other.Body)
	}
	c.settled(t)
	if events := c.observed(t); len(events[placed.OrderID]) != len(forward) {
		t.Errorf("the order has %d events: %v", len(events[placed.OrderID]), events[placed.OrderID])
	}
}

// footprint sums up all that orders leave behind.
func (c *cloud) footprint(t *testing.T) string {
	t.Helper()
	client := dynamodb.NewFromConfig(c.aws(t))
	items := 0
	for _, table := range c.Tables {
		out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
		if err != nil {
			t.Fatal(err)
		}
		items += len(out.Items)
	}
	u := c.usage(t)
	return fmt.Sprintf("%d items, %d observed events, dead letters %v, %d notifications",
		items, u.Queues["Observability/Queue"].Visible, u.deadLettered(), len(c.notifications(t)))
}
