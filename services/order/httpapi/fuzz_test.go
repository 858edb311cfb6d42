package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-lambda-go/events"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/ijson"
)

// FuzzPlace checks that any body, with any headers, places one order whose texts every
// reader reads the same, or is refused with a problem of the client.
func FuzzPlace(f *testing.F) {
	for _, bad := range badRequests() {
		if bad.path == "/orders" && bad.method == http.MethodPost {
			f.Add([]byte(bad.body), "application/json", "key")
		}
	}
	for _, text := range trouble() {
		f.Add([]byte(with("23 Fake Street", text)), "application/json", "k")
	}
	for _, number := range []string{"5.0", "1e400", "-1e-400", "1e999999999", "0e999999999", "100000000000.00e-1"} {
		f.Add([]byte(with("1250", number)), "application/json", "k")
	}
	f.Add([]byte(goodOrder), "application/json; charset=utf-8", "key-1")
	f.Add([]byte(with("23 Fake Street", `\"<>&\ud83d\ude00`)), "application/json", "~")
	f.Add([]byte(goodOrder), `application/json; a="`, "a key with spaces")
	f.Add([]byte(goodOrder), "application/json; charset=latin1", "twice,twice")
	f.Add([]byte(goodOrder), "", "")
	f.Add([]byte("\x1f\x8b\x08"), "application/json", "k")
	s := newShop(f)
	schema := orderSchema(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType, key string) {
		send := func() *httptest.ResponseRecorder {
			return s.serve(t, http.MethodPost, "/orders", string(body), http.Header{"Content-Type": {contentType}, "Idempotency-Key": {key}})
		}
		first, second := send(), send()
		if first.Code != second.Code || first.Body.String() != second.Body.String() {
			t.Fatalf("the same request is answered with %d %s, then with %d %s", first.Code, first.Body, second.Code, second.Body)
		}
		if first.Code != http.StatusAccepted {
			mustBeClientProblem(t, first.Code, first.Header().Get("Content-Type"), first.Body.String())
			mustPointInto(t, body, first.Body.Bytes())
			return
		}
		if location := first.Header().Get("Location"); !strings.HasPrefix(location, "/orders/") {
			t.Errorf("the order is at %q", location)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("an order that breaks the schema is accepted: %v", err)
		}
		mustBeUnambiguous(t, s.lastOrder(t))
	})
}

// orderSchema compiles the schema of an order as a client can.
func orderSchema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	schema, err := jsonschema.NewCompiler().Compile("schema/order.json")
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

// mustBeUnambiguous checks the texts of an accepted order.
func mustBeUnambiguous(t *testing.T, order contract.OrderPlaced) {
	t.Helper()
	encoded, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	if err := ijson.Check(encoded); err != nil {
		t.Errorf("readers differ about the order: %v", err)
	}
	names := []string{order.CustomerID, order.PaymentMethod}
	for _, item := range order.Items {
		names = append(names, item.SKU, item.Currency)
	}
	address := strings.ReplaceAll(order.ShippingAddress, "\r\n", "\n")
	for _, text := range append(names, strings.ReplaceAll(address, "\n", " ")) {
		if strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsRune(text, unicode.ReplacementChar) || strings.TrimSpace(text) == "" {
			t.Errorf("the order has the text %q", text)
		}
	}
}

// mustPointInto checks that the errors of a problem point to members of the body
// or to missing members.
func mustPointInto(t *testing.T, body, answer []byte) {
	t.Helper()
	var problem struct {
		Errors []struct{ Pointer, Detail string }
	}
	if err := json.Unmarshal(answer, &problem); err != nil {
		t.Fatal(err)
	}
	if len(problem.Errors) == 0 {
		return
	}
	var root any
	if err := json.Unmarshal(body, &root); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		t.Fatalf("the body is not JSON and has errors: %s", answer)
	}
	for _, each := range problem.Errors {
		value := root
		names := strings.Split(each.Pointer, "/")
		for i, name := range names[1:] {
			name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
			var found bool
			switch container := value.(type) {
			case map[string]any:
				value, found = container[name]
			case []any:
				index, err := strconv.Atoi(name)
				if found = err == nil && index >= 0 && index < len(container); found {
					value = container[index]
				}
			}
			if isLast := i == len(names)-2; !found && (!isLast || each.Detail != "is missing") {
				t.Errorf("%q points nowhere: %s", each.Pointer, each.Detail)
			}
		}
	}
}

// FuzzAddress checks that the function answers any method, path and query, and never with
// a server error.
func FuzzAddress(f *testing.F) {
	s := newShop(f)
	f.Add("GET", "/orders/"+s.place(), "a=b")
	for _, path := range []string{
		"", "/", "//", "/orders/", "//orders", "/orders//cancellation", "/orders/%2e%2e/%2F", "/../orders", "/%", "/orders/\x00", "orders",
		"/orders/" + unknownID + "/cancellation", "*", "http://example.com/orders",
	} {
		f.Add("POST", path, "")
		f.Add("GET", path, "%zz&;=")
		f.Add("HEAD", path, "")
	}
	serve := httpcommand.Lambda(s.handler)
	f.Fuzz(func(t *testing.T, method, path, query string) {
		if _, err := http.NewRequestWithContext(t.Context(), method, "/", http.NoBody); err != nil || method == "" {
			t.Skip("no HTTP client can send this method")
		}
		in := events.LambdaFunctionURLRequest{
			RawPath: path, RawQueryString: query, IsBase64Encoded: true,
			Body: base64.StdEncoding.EncodeToString([]byte("{}")),
		}
		in.RequestContext.HTTP.Method, in.RequestContext.DomainName = method, "example.com"
		out, err := serve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodHead && out.Body != "" {
			t.Errorf("HEAD is answered with %q", out.Body)
		}
		if out.StatusCode >= 300 && method != http.MethodHead {
			mustBeClientProblem(t, out.StatusCode, out.Headers["Content-Type"], out.Body)
		}
	})
}

// mustBeClientProblem checks that an answer is a problem document with a status of the
// client.
func mustBeClientProblem(t *testing.T, status int, contentType, body string) {
	t.Helper()
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("the answer %d %q is not a problem document: %v", status, body, err)
	}
	if status < 400 || status >= 500 || problem.Status != status || contentType != "application/problem+json" ||
		!strings.HasPrefix(problem.Type, "https://example.com/problems/") || problem.Title == "" || problem.Detail == "" {
		t.Errorf("the answer is %d %s: %s", status, contentType, body)
	}
	// A response of Lambda has at most 6 MB.
	if len(body) > 1<<20 {
		t.Errorf("the answer has %d bytes", len(body))
	}
}
