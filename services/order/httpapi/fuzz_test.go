package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/services/order/httpapi"
)

// FuzzPlace asks of any body, under any headers, that it places an order once,
// or is refused with a problem that the client can mend.
func FuzzPlace(f *testing.F) {
	for _, bad := range badRequests() {
		if bad.path == "/orders" && bad.method == http.MethodPost {
			f.Add([]byte(bad.body), "application/json", "key")
		}
	}
	f.Add([]byte(goodOrder), "application/json; charset=utf-8", "key-1")
	f.Add([]byte(with("23 Fake Street", `\u2028\"<>&\ud83d\ude00`)), "application/json", "~")
	f.Add([]byte(goodOrder), `application/json; a="`, "a key with spaces")
	f.Add([]byte(goodOrder), "", "")
	s := newShop(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType, key string) {
		send := func() *httptest.ResponseRecorder {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", bytes.NewReader(body))
			request.Header = http.Header{"Content-Type": {contentType}, "Idempotency-Key": {key}}
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, request)
			return recorder
		}
		first, second := send(), send()
		if first.Code != second.Code || first.Body.String() != second.Body.String() {
			t.Fatalf("the same request is answered with %d %s, then with %d %s", first.Code, first.Body, second.Code, second.Body)
		}
		if first.Code == http.StatusAccepted {
			if location := first.Header().Get("Location"); !strings.HasPrefix(location, "/orders/") {
				t.Errorf("the order is at %q", location)
			}
			return
		}
		mustBeMendable(t, first.Code, first.Header().Get("Content-Type"), first.Body.String())
	})
}

// FuzzAddress asks of any method, path and query that the function behind the
// URL gives an answer, and does not blame itself.
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
	serve := httpapi.Lambda(s.handler)
	f.Fuzz(func(t *testing.T, method, path, query string) {
		if _, err := http.NewRequestWithContext(t.Context(), method, "/", http.NoBody); err != nil || method == "" {
			t.Skip("no HTTP client can send this method")
		}
		in := events.LambdaFunctionURLRequest{
			RawPath: path, RawQueryString: query, IsBase64Encoded: true,
			Body: base64.StdEncoding.EncodeToString([]byte("{}")),
		}
		in.RequestContext.HTTP.Method = method
		out, err := serve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodHead && out.Body != "" {
			t.Errorf("HEAD is answered with %q", out.Body)
		}
		if out.StatusCode >= 300 && method != http.MethodHead {
			mustBeMendable(t, out.StatusCode, out.Headers["Content-Type"], out.Body)
		}
	})
}

// mustBeMendable checks that an answer is a problem of the client's.
func mustBeMendable(t *testing.T, status int, contentType, body string) {
	t.Helper()
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("the answer %d %q is no problem document: %v", status, body, err)
	}
	if status < 400 || status >= 500 || problem.Status != status || contentType != "application/problem+json" ||
		!strings.HasPrefix(problem.Type, "/problems/") || problem.Title == "" || problem.Detail == "" {
		t.Errorf("the answer is %d %s: %s", status, contentType, body)
	}
	// A response of Lambda has 6 MB at most.
	if len(body) > 1<<20 {
		t.Errorf("the answer has %d bytes", len(body))
	}
}
