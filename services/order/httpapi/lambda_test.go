package httpapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
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
	return httpcommand.Lambda(handler)(t.Context(), in)
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
		got, err := httpcommand.Lambda(handler)(ctx, in)
		took := time.Since(began)
		if err != nil || got.StatusCode != http.StatusServiceUnavailable || got.Headers["Retry-After"] == "" || took != 9500*time.Millisecond {
			t.Errorf("%+v, %v after %s", got, err, took)
		}
	})
}

func TestTheSecretKeysOfARequestAreUsedNoLongerThanTheyMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		contexts := make(executor, 1)
		handler, err := (&httpapi.API{
			Orders: contexts, Logger: slog.New(slog.DiscardHandler), Clock: time.Now, NewID: rand.Text,
			Deadline: time.Hour, Keys: func(context.Context) (keyring.Keys, error) { return keyring.Keys{}, nil }, Open: true,
		}).Handler()
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", strings.NewReader(goodOrder))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		used := <-contexts
		deadline, _ := used.Deadline()
		if answer.Code != http.StatusAccepted || time.Until(deadline) != keyring.MaximumWork || used.Err() == nil {
			t.Errorf("%d %s, the context ends after %s, and after the answer it is %v", answer.Code, answer.Body, time.Until(deadline), used.Err())
		}
	})
}

// executor is an order context that sends the context of each command.
type executor chan context.Context

func (e executor) Execute(ctx context.Context, _ event.Event, _ event.Data) (order.State, error) {
	e <- ctx
	return order.State{}, nil
}

func (executor) Load(context.Context, string) (order.State, participant.Record, error) {
	return order.State{}, participant.Record{}, nil
}

// silent is an order context that never answers.
type silent struct{ httpapi.Orders }

func (silent) Load(ctx context.Context, _ string) (order.State, participant.Record, error) {
	<-ctx.Done()
	return order.State{}, participant.Record{}, ctx.Err()
}

func TestAnInvalidPathIsAProblemOfTheClient(t *testing.T) {
	got, err := invoke(t, newShop(t).handler, `{"rawPath": "/%zz", "requestContext": {"domainName": "id.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}}}`)
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
