package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// with is the good order with one part of it replaced.
func with(part, replacement string) string {
	if !strings.Contains(goodOrder, part) {
		panic("the good order has no " + part)
	}
	return strings.Replace(goodOrder, part, replacement, 1)
}

type badRequest struct {
	name         string
	method, path string
	body         string
	headers      []string
	status       int
	problem      string
	// pointers are what the errors point to.
	pointers []string
}

const unknownID = "6f1c1c0e-0000-5000-8000-000000000000"

func badRequests() []badRequest {
	bad := func(name, body string, status int, problem string, pointers ...string) badRequest {
		return badRequest{name, http.MethodPost, "/orders", body, nil, status, "/problems/" + problem, pointers}
	}
	elsewhere := func(name, method, path string, status int, problem string) badRequest {
		return badRequest{name, method, path, goodOrder, nil, status, "/problems/" + problem, nil}
	}
	header := func(name, header string, status int, problem string) badRequest {
		return badRequest{name, http.MethodPost, "/orders", goodOrder, []string{header}, status, "/problems/" + problem, nil}
	}
	const item = `{"sku": "123", "quantity": 2, "price": 1250}`
	return []badRequest{
		bad("no body", "", 400, "no-body"),
		bad("a blank body", " \n", 400, "no-body"),
		bad("bad JSON", `{"customerId": `, 400, "json"),
		bad("two JSON values", goodOrder+goodOrder, 400, "json"),
		bad("a bracket too many", goodOrder+"}", 400, "json"),
		bad("an unknown field", with(`{"customerId"`, `{"coupon": "half", "customerId"`), 400, "unknown-field", "/coupon"),
		bad("unknown fields among other errors", with(`{"customerId": "c-42"`, `{"b/~a": 1, "customerId": 42, "a": 1`), 400, "unknown-field",
			"/a", "/b~1~0a", "/customerId"),
		bad("an unknown field of an item", with(`"sku"`, `"colour": "red", "sku"`), 400, "unknown-field", "/items/0/colour"),
		bad("a field in another case", with(`"customerId"`, `"customerID"`), 400, "unknown-field", "/customerID", "/customerId"),
		bad("a field that differs from another in case", with(`"currency"`, `"Currency": "USD", "currency"`), 400, "unknown-field", "/Currency"),
		bad("a field of an item in another case", with(`"sku"`, `"SKU"`), 400, "unknown-field", "/items/0/SKU", "/items/0/sku"),
		bad("a field twice", with(`"currency"`, `"customerId": "c-43", "currency"`), 400, "repeated-field", "/customerId"),
		bad("a field twice, escaped", with(`"currency"`, `"customer\u0049d": "c-43", "currency"`), 400, "repeated-field", "/customerId"),
		bad("a field of an item twice", with(`"quantity": 2`, `"quantity": 2, "quantity": 1`), 400, "repeated-field", "/items/0/quantity"),
		bad("two lists of items", with(`"currency"`, `"items": [], "items": [`+item+`], "currency"`), 400, "repeated-field", "/items"),
		bad("bytes that are no UTF-8", with("23 Fake Street", "23 Fake \xff"), 400, "json"),
		bad("Latin-1", with("23 Fake Street", "Gro\xdfe Stra\xdfe 1"), 400, "json"),
		bad("a surrogate in UTF-8", with("23 Fake Street", "\xed\xa0\x80"), 400, "json"),
		bad("UTF-16", strings.Join(strings.Split(goodOrder, ""), "\x00")+"\x00", 400, "json"),
		bad("UTF-16 with a byte order mark", "\xff\xfe{\x00}\x00", 400, "json"),
		bad("a byte order mark", "\uFEFF"+goodOrder, 400, "json"),
		bad("NaN", with(`1250`, `NaN`), 400, "json"),
		bad("a comment", with(`"items"`, `/* what is ordered */ "items"`), 400, "json"),
		bad("a raw line break", with("23 Fake Street", "23 Fake\nStreet"), 400, "json"),
		bad("too many levels", with(`"c-42"`, strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), 400, "json"),
		bad("a number beyond all integers", with(`1250`, `1e999`), 422, "order", "/items/0/price"),
		bad("a customer whose name cannot be written", with(`c-42`, `c-\u0000`), 422, "order", "/customerId"),
		bad("a customer whose name cannot be read", with(`c-42`, `c-\ud800`), 422, "order", "/customerId"),
		bad("no object", `[]`, 422, "order", ""),
		bad("null", `null`, 422, "order", ""),
		bad("a text", `"order"`, 422, "order", ""),
		bad("nothing that is required", `{}`, 422, "order", "/items", "/currency", "/customerId", "/paymentMethod", "/shippingAddress"),
		bad("no items", with(item, ""), 422, "order", "/items"),
		bad("too many items", with(item, item+strings.Repeat(","+item, 50)), 422, "order", "/items"),
		bad("thousands of bad items", with(item, `{}`+strings.Repeat(`,{}`, 20_000)), 422, "order", append([]string{"/items"}, pointersOf(33)...)...),
		bad("5,000 unknown fields", manyFields(5000), 400, "unknown-field", manyPointers(100)...),
		bad("an item that is a number", with(item, "7"), 422, "order", "/items/0"),
		bad("items that are an object", with("["+item+"]", item), 422, "order", "/items"),
		bad("a negative quantity", with(`"quantity": 2`, `"quantity": -2`), 422, "order", "/items/0/quantity"),
		bad("a quantity of nothing", with(`"quantity": 2`, `"quantity": 0`), 422, "order", "/items/0/quantity"),
		bad("a quantity that is too large", with(`"quantity": 2`, `"quantity": 1000001`), 422, "order", "/items/0/quantity"),
		bad("half a piece", with(`"quantity": 2`, `"quantity": 0.5`), 422, "order", "/items/0/quantity"),
		bad("a quantity in words", with(`"quantity": 2`, `"quantity": "two"`), 422, "order", "/items/0/quantity"),
		bad("errors in many items", with(item, item+`, {"sku": "a b", "quantity": 1, "price": 1}, 7, {"sku": "a", "quantity": "2", "price": null, "currency": "USD"}`),
			422, "order", "/items/1/sku", "/items/2", "/items/3/price", "/items/3/quantity", "/items/3/currency"),
		bad("a negative price", with(`"price": 1250`, `"price": -1`), 422, "order", "/items/0/price"),
		bad("a price that is too high", with(`"price": 1250`, `"price": 100000000001`), 422, "order", "/items/0/price"),
		bad("a total that is too high", with(`"quantity": 2, "price": 1250`, `"quantity": 11, "price": 100000000000`), 422, "order", "/items"),
		bad("a total beyond all numbers", with(item, strings.Repeat(`{"sku": "123", "quantity": 1000000, "price": 100000000000},`, 49)+item),
			422, "order", "/items"),
		bad("an invalid SKU", with(`"123"`, `"1 2 3"`), 422, "order", "/items/0/sku"),
		bad("mixed currencies", with(item, item+`, {"sku": "abc", "quantity": 1, "price": 1, "currency": "USD"}`), 422, "order", "/items/1/currency"),
		bad("no currency but that of an item", with(`"price": 1250}], "currency": "EUR",`, `"price": 1250, "currency": "EUR"}],`), 422, "order", "/currency"),
		bad("no currency", with(`"currency": "EUR",`, ``), 422, "order", "/currency"),
		bad("an invalid currency", with(`"EUR"`, `"euro"`), 422, "order", "/currency"),
		bad("a customer in numbers", with(`"c-42"`, `42`), 422, "order", "/customerId"),
		bad("a blank customer", with(`"c-42"`, `" "`), 422, "order", "/customerId"),
		bad("a customer with a long name", with(`c-42`, strings.Repeat("c", 101)), 422, "order", "/customerId"),
		bad("a long address", with(`23 Fake Street`, strings.Repeat("s", 1001)), 422, "order", "/shippingAddress"),
		bad("an empty item", with(item, `{}`), 422, "order", "/items/0/sku", "/items/0/price", "/items/0/quantity"),
		bad("300 KB", with("23 Fake Street", strings.Repeat("s", 300*1024)), 413, "too-large"),

		header("another media type", "Content-Type: text/plain", 415, "media-type"),
		header("a media type without end", "Content-Type: text/"+strings.Repeat("x", 500_000), 415, "media-type"),
		header("a media type that is none", "Content-Type: ;", 415, "media-type"),
		header("an empty key", "Idempotency-Key: ", 400, "idempotency-key"),
		header("a key with a blank", "Idempotency-Key: my key", 400, "idempotency-key"),
		header("a long key", "Idempotency-Key: "+strings.Repeat("k", 256), 400, "idempotency-key"),

		elsewhere("an unknown order", http.MethodGet, "/orders/"+unknownID, 404, "unknown-order"),
		elsewhere("an order id that is none", http.MethodGet, "/orders/"+strings.Repeat("o", 3000), 404, "unknown-order"),
		elsewhere("the cancellation of an unknown order", http.MethodPost, "/orders/"+unknownID+"/cancellation", 404, "unknown-order"),
		elsewhere("an unknown path", http.MethodGet, "/customers", 404, "not-found"),
		elsewhere("the root", http.MethodGet, "/", 404, "not-found"),
		elsewhere("an empty order id", http.MethodGet, "/orders/", 404, "not-found"),
		elsewhere("a wrong method for orders", http.MethodGet, "/orders", 405, "method"),
		elsewhere("a wrong method for an order", http.MethodDelete, "/orders/"+unknownID, 405, "method"),
		elsewhere("a wrong method for a cancellation", http.MethodGet, "/orders/"+unknownID+"/cancellation", 405, "method"),
	}
}

// pointersOf returns the pointers to the errors of some empty items. With the pointer to
// too many items they are as many as an answer has.
func pointersOf(items int) []string {
	var pointers []string
	for i := range items {
		pointers = append(pointers, fmt.Sprintf("/items/%d/sku", i), fmt.Sprintf("/items/%d/price", i), fmt.Sprintf("/items/%d/quantity", i))
	}
	return pointers
}

// manyFields returns the good order with n more fields.
func manyFields(n int) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, `"%x":1,`, i)
	}
	return with(`{"customerId"`, `{`+fields.String()+`"customerId"`)
}

// manyPointers returns the pointers to the first of many fields: 0 to f, 10 to 63.
func manyPointers(n int) []string {
	var pointers []string
	for i := range n {
		pointers = append(pointers, fmt.Sprintf("/%x", i))
	}
	return pointers
}

func TestABadRequestIsAProblemAndHasNoEffect(t *testing.T) {
	for _, bad := range badRequests() {
		t.Run(bad.name, func(t *testing.T) {
			s := newShop(t)
			r := s.send(bad.method, bad.path, bad.body, bad.headers...)
			r.isProblem(t, bad.status, bad.problem)
			if diff := cmp.Diff(bad.pointers, r.pointers(t)); diff != "" {
				t.Errorf("pointers (-want +got):\n%s", diff)
			}
			if s.store.commits != 0 || len(s.publisher.Published()) != 0 {
				t.Errorf("%d commits, published is %v", s.store.commits, s.publisher.Published())
			}
		})
	}
}

// pointers returns the pointers of the errors of a problem.
func (r reply) pointers(t *testing.T) []string {
	t.Helper()
	var pointers []string
	errors, _ := r.body["errors"].([]any)
	for _, e := range errors {
		member, _ := e.(map[string]any)
		pointer, ok := member["pointer"].(string)
		if detail, _ := member["detail"].(string); !ok || detail == "" || strings.HasSuffix(detail, " ") {
			t.Errorf("an error is incomplete: %s", r.raw)
		}
		pointers = append(pointers, pointer)
	}
	return pointers
}

func TestTheAnswerWhereNothingIsHasThePathOfOrders(t *testing.T) {
	if got := newShop(t).send(http.MethodGet, "/customers", "").text("detail"); got != "There is nothing here: orders are at /orders." {
		t.Errorf("the detail is %q", got)
	}
}

func TestTheAllowedMethodsAreInAllow(t *testing.T) {
	s := newShop(t)
	for path, want := range map[string]string{
		"/orders": "POST", "/orders/" + unknownID: "GET, HEAD", "/problems/json": "GET, HEAD", "/orders/" + unknownID + "/cancellation": "POST",
	} {
		if got := s.send(http.MethodPatch, path, "").header.Get("Allow"); got != want {
			t.Errorf("%s allows %q, want %q", path, got, want)
		}
	}
}

func TestAKeyThatIsSentTwiceIsRefused(t *testing.T) {
	s := newShop(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", strings.NewReader(goodOrder))
	request.Header["Idempotency-Key"] = []string{"one", "other"}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusBadRequest || !strings.Contains(recorder.Body.String(), "/problems/idempotency-key") {
		t.Errorf("the answer is %d %s", recorder.Code, recorder.Body)
	}
}

func TestATruncatedBodyIsRefused(t *testing.T) {
	s := newShop(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", iotest.ErrReader(errors.New("closed")))
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusBadRequest || !strings.Contains(recorder.Body.String(), "/problems/unreadable-body") {
		t.Errorf("the answer is %d %s", recorder.Code, recorder.Body)
	}
}

func TestLongNamesAreCountedInCharactersAndNotInBytes(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", with("23 Fake Street", strings.Repeat("街", 1000)))
	if r.status != http.StatusAccepted {
		t.Errorf("the answer is %d %s", r.status, r.raw)
	}
}

func TestATypeOfProblemHasOneTitleAndOneStatus(t *testing.T) {
	type meaning struct {
		title  string
		status float64
	}
	meanings := make(map[string]meaning)
	titles := make(map[string]string)
	s := newShop(t)
	for _, bad := range badRequests() {
		r := s.send(bad.method, bad.path, bad.body, bad.headers...)
		status, _ := r.body["status"].(float64)
		problemType, got := strings.TrimPrefix(r.text("type"), r.origin), meaning{r.text("title"), status}
		if first, seen := meanings[problemType]; seen && first != got {
			t.Errorf("%s means %v and %v", problemType, first, got)
		}
		if first, seen := titles[got.title]; seen && first != problemType {
			t.Errorf("%q is the title of %s and %s", got.title, first, problemType)
		}
		meanings[problemType] = got
		titles[got.title] = problemType
	}
}
