package httpapi_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/order/httpapi"
)

// invoke sends a function URL's event, as JSON, through the adapter.
func invoke(t *testing.T, handler http.Handler, payload string) (events.LambdaFunctionURLResponse, error) {
	t.Helper()
	var in events.LambdaFunctionURLRequest
	if err := json.Unmarshal([]byte(payload), &in); err != nil {
		t.Fatal(err)
	}
	return httpapi.Lambda(handler)(t.Context(), in)
}

func TestTheEventOfAFunctionURLBecomesTheRequest(t *testing.T) {
	for name, body := range map[string]string{
		"plain":   `"body": "{\"a\": 1}", "isBase64Encoded": false`,
		"encoded": `"body": "` + base64.StdEncoding.EncodeToString([]byte(`{"a": 1}`)) + `", "isBase64Encoded": true`,
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Request
			var gotBody string
			handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = *r
				read, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				gotBody = string(read)
			})
			if _, err := invoke(t, handler, `{
				"version": "2.0", "routeKey": "$default", "rawPath": "//orders/a%20b", "rawQueryString": "a=1&a=2&b=%26",
				"cookies": ["c1=v1", "c2=v2"],
				"headers": {"content-type": "application/json", "x-multi": "v1,v2"},
				"requestContext": {"domainName": "id.lambda-url.eu-west-1.on.aws",
					"http": {"method": "PUT", "path": "/orders/a b", "sourceIp": "203.0.113.9"}},
				`+body+`}`); err != nil {
				t.Fatal(err)
			}
			if got.Method != http.MethodPut || got.URL.Path != "//orders/a b" || got.Host != "id.lambda-url.eu-west-1.on.aws" ||
				got.RemoteAddr != "203.0.113.9" {
				t.Errorf("%s %q %q from %q", got.Method, got.URL.Path, got.Host, got.RemoteAddr)
			}
			if diff := cmp.Diff(map[string][]string{"a": {"1", "2"}, "b": {"&"}}, map[string][]string(got.URL.Query())); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(http.Header{
				"Content-Type": {"application/json"}, "X-Multi": {"v1,v2"}, "Cookie": {"c1=v1", "c2=v2"},
			}, got.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if gotBody != `{"a": 1}` || got.ContentLength != 8 {
				t.Errorf("the body is %q, %d bytes", gotBody, got.ContentLength)
			}
		})
	}
}

func TestTheResponseBecomesTheAnswerOfAFunctionURL(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want events.LambdaFunctionURLResponse
	}{
		"text": {`{"a": "é"}`, events.LambdaFunctionURLResponse{Body: `{"a": "é"}`}},
		"binary": {"\xff\x00", events.LambdaFunctionURLResponse{
			Body: base64.StdEncoding.EncodeToString([]byte("\xff\x00")), IsBase64Encoded: true,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("X-Multi", "v1")
				w.Header().Add("X-Multi", "v2")
				w.Header().Add("Set-Cookie", "c1=v1")
				w.Header().Add("Set-Cookie", "c2=v2")
				w.WriteHeader(http.StatusTeapot)
				if _, err := io.WriteString(w, test.body); err != nil {
					t.Error(err)
				}
			}), `{"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`)
			if err != nil {
				t.Fatal(err)
			}
			test.want.StatusCode = http.StatusTeapot
			test.want.Headers = map[string]string{"X-Multi": "v1,v2"}
			test.want.Cookies = []string{"c1=v1", "c2=v2"}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAHandlerThatWritesNothingAnswers200(t *testing.T) {
	got, err := invoke(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		`{"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

// A function that is still waiting at its deadline is ended without an answer to the
// customer.
func TestARequestIsAnsweredBeforeTheDeadlineIfTheStoreIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, err := (&httpapi.API{
			Orders: silent{}, Logger: slog.New(slog.DiscardHandler), Clock: time.Now, NewID: rand.Text, Deadline: time.Hour,
			Keys: func(context.Context) (keyring.Keys, error) { return keyring.Keys{}, nil },
		}).Handler()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var in events.LambdaFunctionURLRequest
		in.RawPath, in.RequestContext.HTTP.Method = "/orders/6ba7b810-9dad-11d1-80b4-00c04fd430c8", http.MethodGet
		began := time.Now()
		got, err := httpapi.Lambda(handler)(ctx, in)
		took := time.Since(began)
		if err != nil || got.StatusCode != http.StatusServiceUnavailable || got.Headers["Retry-After"] == "" || took != 9500*time.Millisecond {
			t.Errorf("%+v, %v after %s", got, err, took)
		}
	})
}

// silent is an order context that never answers.
type silent struct{ httpapi.Orders }

func (silent) Load(ctx context.Context, _ string) (order.State, participant.Record, error) {
	<-ctx.Done()
	return order.State{}, participant.Record{}, ctx.Err()
}

func TestAnEventThatIsNotARequestIsAnError(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	for name, payload := range map[string]string{
		"a body that is not base64": `{"rawPath": "/", "body": "%", "isBase64Encoded": true, "requestContext": {"http": {"method": "GET"}}}`,
		"an invalid method":         `{"rawPath": "/", "requestContext": {"http": {"method": "G E T"}}}`,
		"nothing at all":            `{}`,
	} {
		if _, err := invoke(t, handler, payload); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnInvalidPathIsAProblemOfTheClient(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	got, err := invoke(t, handler, `{"rawPath": "/%zz", "requestContext": {"domainName": "id.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}}}`)
	if err != nil || got.StatusCode != http.StatusBadRequest || got.Headers["Content-Type"] != "application/problem+json" ||
		!strings.Contains(got.Body, `"https://id.lambda-url.eu-west-1.on.aws/problems/path"`) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A request of the local cloud comes over HTTP and to a port.
func TestTheTypeOfAProblemIsAtTheAddressOfTheFunction(t *testing.T) {
	s := newShop(t)
	for headers, want := range map[string]string{
		`"host": "elsewhere.example", "x-forwarded-host": "elsewhere.example", "x-forwarded-proto": "https", "x-forwarded-port": "443"`: "https://id.lambda-url.eu-west-1.on.aws",
		`"host": "elsewhere.example", "x-forwarded-proto": "http", "x-forwarded-port": "4601"`:                                          "http://id.lambda-url.eu-west-1.on.aws:4601",
	} {
		got, err := invoke(t, s.handler, `{"rawPath": "/nowhere", "headers": {`+headers+`},
			"requestContext": {"domainName": "id.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}}}`)
		if err != nil || !strings.Contains(got.Body, `"type":"`+want+`/problems/not-found"`) {
			t.Errorf("%s: %+v, %v", headers, got, err)
		}
	}
}

func TestAnOrderIsPlacedThroughAFunctionURL(t *testing.T) {
	s := newShop(t)
	body, err := json.Marshal(goodOrder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := invoke(t, s.handler, `{"rawPath": "/orders", "headers": {"content-type": "application/json", "idempotency-key": "key-1"},
		"requestContext": {"http": {"method": "POST"}}, "body": `+string(body)+`}`)
	if err != nil || got.StatusCode != http.StatusAccepted || got.Headers["Location"] == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := s.send(http.MethodGet, got.Headers["Location"], ""); r.status != http.StatusOK {
		t.Errorf("the order is not found: %d %s", r.status, r.raw)
	}
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	_, err := (&httpapi.API{}).Handler()
	for _, name := range []string{"Orders", "Logger", "Clock", "NewID", "Deadline", "Keys"} {
		if err == nil || !strings.Contains(err.Error(), "no "+name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
