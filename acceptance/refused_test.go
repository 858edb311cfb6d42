package acceptance

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestABadRequestIsAnsweredWithTheReasonAndStoresNothing(t *testing.T) {
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
		{"a noncharacter in the address", "POST", "/orders", edit(`Fake Street`, `Some\uffff Street`), 422, "order", "/shippingAddress"},
		{"a surrogate in the customer's id", "POST", "/orders", edit(`c-42`, `c-\ud800`), 422, "order", "/customerId"},
		{"a control character", "POST", "/orders", edit(`Fake Street`, `Fake\u0000Street`), 422, "order", "/shippingAddress"},
		{"an item without a price", "POST", "/orders", edit(`, "price": 1250`, ``), 422, "order", "/items/0/price"},
		{"a price of null", "POST", "/orders", edit(`1250`, `null`), 422, "order", "/items/0/price"},
		{"a price beyond all numbers", "POST", "/orders", edit(`1250`, `1e999999999`), 422, "order", "/items/0/price"},
		{"a currency that is none", "POST", "/orders", edit(`EUR`, `XXX`), 422, "order", "ISO 4217"},
		{"a card number", "POST", "/orders", edit(`"card"`, `"4111-1111-1111-1111"`), 422, "order", "/paymentMethod"},
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
				problem.Type != c.OrderURL+"/problems/"+request.problem || !strings.Contains(string(answer.Body), request.mentions) {
				t.Errorf("answered %d: %s", answer.Status, answer.Body)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
			if page, err := c.do(t.Context(), "GET", problem.Type, ""); err != nil || page.Status != 200 || !strings.Contains(string(page.Body), problem.Title) {
				t.Errorf("%s is answered %d: %s, %v", problem.Type, page.Status, page.Body, err)
			}
		})
	}
	c.settled(t)
	if after := c.footprint(t); after != before {
		t.Errorf("bad requests have stored something: before %s, after %s", before, after)
	}
}

// The function URL may pass bytes and headers on in another form.
func TestABodyOrAHeaderWithTwoReadingsIsRejected(t *testing.T) {
	c := startCloud(t)
	before := c.footprint(t)
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	if _, err := writer.Write([]byte(basket)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	latin1 := strings.Replace(basket, "Fake Street", "Stra\xdfe", 1)
	for name, test := range map[string]struct {
		body   string
		header http.Header
		// A body that is not UTF-8 is rejected as bytes, or as the characters that replace
		// them.
		statuses []int
	}{
		"Latin-1":                   {latin1, http.Header{"Content-Type": {asJSON}}, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}},
		"Latin-1 with its charset":  {latin1, http.Header{"Content-Type": {asJSON + "; charset=ISO-8859-1"}}, []int{http.StatusUnsupportedMediaType}},
		"gzip":                      {compressed.String(), http.Header{"Content-Type": {asJSON}, "Content-Encoding": {"gzip"}}, []int{http.StatusUnsupportedMediaType}},
		"gzip without its encoding": {compressed.String(), http.Header{"Content-Type": {asJSON}}, []int{http.StatusUnsupportedMediaType}},
		"a key twice":               {basket, http.Header{"Content-Type": {asJSON}, "Idempotency-Key": {"dup-1", "dup-1"}}, []int{http.StatusBadRequest}},
		"a content type twice":      {basket, http.Header{"Content-Type": {asJSON, asJSON}}, []int{http.StatusUnsupportedMediaType}},
	} {
		answer := c.request(t, http.MethodPost, "/orders", test.body, test.header)
		if !slices.Contains(test.statuses, answer.Status) || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: answered %d: %s", name, answer.Status, answer.Body)
		}
	}
	c.settled(t)
	if after := c.footprint(t); after != before {
		t.Errorf("rejected requests have stored something: before %s, after %s", before, after)
	}
}

func TestAnOrderIsNotCancelledByTheFormOfAnotherSite(t *testing.T) {
	c := startCloud(t)
	placed, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	path := "/orders/" + placed.OrderID
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		for _, body := range []string{"", "{}"} {
			answer := c.request(t, http.MethodPost, path+"/cancellation", body, http.Header{"Content-Type": {contentType}})
			if answer.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%q as %s: answered %d: %s", body, contentType, answer.Status, answer.Body)
			}
		}
	}
	c.awaitStatus(t, placed.OrderID, "shipped")
}

func TestHEADIsAnsweredLikeGETWithoutABody(t *testing.T) {
	c := startCloud(t)
	placed, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{
		"/orders/" + placed.OrderID: http.StatusOK, "/orders/no-such-order": http.StatusNotFound, "/openapi.json": http.StatusOK,
	} {
		get, head := c.request(t, http.MethodGet, path, "", nil), c.request(t, http.MethodHead, path, "", nil)
		if head.Status != status || get.Status != status || len(head.Body) > 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: GET answers %d %v, HEAD %d %v %q", path, get.Status, get.Header, head.Status, head.Header, head.Body)
		}
	}
}

// request sends a request with exactly these header fields, and the token of its
// order.
func (c *cloud) request(t *testing.T, method, path, body string, header http.Header) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.OrderURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header.Clone()
	}
	answer, err := c.exchange(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
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
	first := place(keyOf(1), basket)
	var placed order
	first.decode(t, &placed)
	c.awaitStatus(t, placed.OrderID, "shipped")

	again := place(keyOf(1), basket)
	if again.Status != http.StatusAccepted || string(again.Body) != string(first.Body) {
		t.Errorf("first answered %s, then %d: %s", first.Body, again.Status, again.Body)
	}
	other := place(keyOf(1), strings.Replace(basket, `"quantity": 2`, `"quantity": 3`, 1))
	if other.Status != http.StatusUnprocessableEntity || !strings.Contains(string(other.Body), "idempotency-key-reused") {
		t.Errorf("another order with the same key: %d: %s", other.Status, other.Body)
	}
	c.settled(t)
	if events := c.observed(t); len(events[placed.OrderID]) != len(forward) {
		t.Errorf("the order has %d events: %v", len(events[placed.OrderID]), events[placed.OrderID])
	}
}

// footprint returns a summary of all that orders store and send.
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
