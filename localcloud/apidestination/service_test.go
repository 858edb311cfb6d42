package apidestination_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/apidestination"
	"example.com/saga/localcloud/eventbridge"
)

const arn = "arn:aws:events:eu-west-1:111122223333:api-destination/hook/1"

func create(t *testing.T, transport http.RoundTripper, d apidestination.Destination) *apidestination.Service {
	t.Helper()
	service := apidestination.New(apidestination.Config{Clock: time.Now, Transport: transport})
	if d.ARN == "" {
		d.ARN = arn
	}
	if d.Method == "" {
		d.Method = http.MethodPost
	}
	if d.Endpoint == "" {
		d.Endpoint = "https://hook.example.com/"
	}
	if err := service.Create(d); err != nil {
		t.Fatal(err)
	}
	return service
}

// transport is a RoundTripper that is a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, header http.Header) transport {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
	}
}

func TestTheRequest(t *testing.T) {
	type request struct {
		Method, URI, Body string
		Header            http.Header
		Close             bool
	}
	got := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- request{r.Method, r.RequestURI, string(body), r.Header, r.Close}
	}))
	defer server.Close()
	fixed := func(pairs ...string) http.Header {
		header := http.Header{
			"Accept-Encoding": {"gzip,deflate"}, "Connection": {"close"}, "Content-Length": {"2"}, "Range": {"bytes=0-1048575"},
			"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"Amazon/EventBridge/ApiDestinations"},
		}
		for i := 0; i < len(pairs); i += 2 {
			header.Set(pairs[i], pairs[i+1])
		}
		return header
	}
	connection := func(key string, added apidestination.HttpParameters) *apidestination.Connection {
		parameters := apidestination.AuthParameters{InvocationHttpParameters: &added}
		if key != "" {
			parameters.ApiKeyAuthParameters = &apidestination.ApiKey{ApiKeyName: "X-Api-Key", ApiKeyValue: key}
		}
		return &apidestination.Connection{Parameters: parameters}
	}
	tests := []struct {
		rule       string
		to         apidestination.Destination
		parameters *eventbridge.HTTPParameters
		want       request
	}{
		{"has AWS's own headers", apidestination.Destination{Endpoint: "/hook"}, nil, request{"POST", "/hook", "{}", fixed(), true}},
		{
			"has the method of the destination and a body in any case",
			apidestination.Destination{Endpoint: "/hook", Method: "GET"},
			nil,
			request{"GET", "/hook", "{}", fixed(), true},
		},
		{
			"has the connection's headers rather than the target's",
			apidestination.Destination{Endpoint: "/hook", Connection: connection("secret", apidestination.HttpParameters{})},
			&eventbridge.HTTPParameters{Header: map[string]string{"x-api-key": "guess", "Content-Type": "application/cloudevents+json"}},
			request{"POST", "/hook", "{}", fixed("X-Api-Key", "secret", "Content-Type", "application/cloudevents+json"), true},
		},
		{
			"keeps the fixed headers whatever is asked for",
			apidestination.Destination{Endpoint: "/hook", Connection: connection("", apidestination.HttpParameters{HeaderParameters: []apidestination.Parameter{
				{Key: "user-agent", Value: "me"}, {Key: "Transfer-Encoding", Value: "chunked"},
			}})},
			&eventbridge.HTTPParameters{Header: map[string]string{"Range": "none", "Connection": "keep-alive", "Host": "other", "Content-Length": "7"}},
			request{"POST", "/hook", "{}", fixed(), true},
		},
		{
			"has path values and a query, of which the connection's wins",
			apidestination.Destination{Endpoint: "/orders/*/items/*?a=0&b=0", Connection: connection("", apidestination.HttpParameters{QueryStringParameters: []apidestination.Parameter{{Key: "a", Value: "1"}}})},
			&eventbridge.HTTPParameters{Path: []string{"o/1", "i 1"}, Query: map[string]string{"a": "2", "c": "3"}},
			request{"POST", "/orders/o%2F1/items/i%201?a=1&b=0&c=3", "{}", fixed(), true},
		},
		{
			"has the endpoint's query as it is written",
			apidestination.Destination{Endpoint: "/hook%2Fa?b=%7e&a=1;2"},
			nil,
			request{"POST", "/hook%2Fa?b=%7e&a=1;2", "{}", fixed(), true},
		},
		{
			"has the connection's members in the body",
			apidestination.Destination{Endpoint: "/hook", Connection: connection("", apidestination.HttpParameters{
				BodyParameters: []apidestination.Parameter{{Key: "key", Value: `a"b`}},
			})},
			nil,
			request{"POST", "/hook", `{"key":"a\"b"}`, fixed("Content-Length", "14"), true},
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			test.to.Endpoint = server.URL + test.to.Endpoint
			service := create(t, nil, test.to)
			if err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn, Body: []byte("{}"), HTTP: test.parameters}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, <-got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheBaseReplacesSchemeAndHostOnly(t *testing.T) {
	var got string
	service := create(t, transport(func(r *http.Request) (*http.Response, error) {
		got = r.URL.String()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}), apidestination.Destination{Endpoint: "https://hook.example.com/orders/*?a=1", Base: "http://127.0.0.1:3000/inside"})
	if err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn, HTTP: &eventbridge.HTTPParameters{Path: []string{"a/b"}}}); err != nil {
		t.Fatal(err)
	}
	if want := "http://127.0.0.1:3000/inside/orders/a%2Fb?a=1"; got != want {
		t.Errorf("the request is for %s, want %s", got, want)
	}
}

func TestHowAnAnswerIsJudged(t *testing.T) {
	failed := func(status string, retryable bool, after time.Duration) *eventbridge.DeliveryError {
		return &eventbridge.DeliveryError{Code: "ERROR_FROM_TARGET", Message: "the endpoint answered with the HTTP status " + status, Retryable: retryable, RetryAfter: after}
	}
	tests := []struct {
		rule       string
		status     int
		retryAfter string
		want       *eventbridge.DeliveryError
	}{
		{"200 is success", 200, "", nil},
		{"204 is success", 204, "", nil},
		{"301 is final and not followed", 301, "", failed("301", false, 0)},
		{"400 is final", 400, "", failed("400", false, 0)},
		{"404 is final", 404, "", failed("404", false, 0)},
		{"401 is retried", 401, "", failed("401", true, 0)},
		{"407 is retried", 407, "", failed("407", true, 0)},
		{"409 is retried", 409, "", failed("409", true, 0)},
		{"429 is retried", 429, "", failed("429", true, 0)},
		{"500 is retried", 500, "", failed("500", true, 0)},
		{"599 is retried", 599, "", failed("599", true, 0)},
		{"Retry-After in seconds", 503, "120", failed("503", true, 2*time.Minute)},
		{"Retry-After as a date", 503, "Sat, 01 Jan 2000 00:01:00 GMT", failed("503", true, time.Minute)},
		{"Retry-After as a date in the past", 503, "Fri, 31 Dec 1999 00:00:00 GMT", failed("503", true, 0)},
		{"a negative Retry-After stops the retries", 503, "-1", failed("503", false, 0)},
		{"Retry-After does not make a final answer retried", 400, "120", failed("400", false, 0)},
		{"a Retry-After that is nonsense", 503, "soon", failed("503", true, 0)},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				header := http.Header{"Location": {"https://elsewhere.example.com/"}}
				if test.retryAfter != "" {
					header.Set("Retry-After", test.retryAfter)
				}
				service := create(t, answer(test.status, header), apidestination.Destination{})
				err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn})
				var got *eventbridge.DeliveryError
				if err != nil && !errors.As(err, &got) {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func failure(t *testing.T, err error) *eventbridge.DeliveryError {
	t.Helper()
	var got *eventbridge.DeliveryError
	if !errors.As(err, &got) {
		t.Fatalf("the error is %v, want a failed delivery", err)
	}
	return got
}

func TestAnEndpointHasFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		service := create(t, transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), apidestination.Destination{})
		got := failure(t, service.Deliver(t.Context(), eventbridge.Delivery{Target: arn}))
		if took := time.Since(began); took != 5*time.Second || got.Code != "TIMEOUT" || !got.Retryable {
			t.Errorf("%v after %s", got, took)
		}
	})
}

func TestAnEndpointThatCannotBeReachedIsRetried(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	service := create(t, nil, apidestination.Destination{Endpoint: "http://" + address})
	if got := failure(t, service.Deliver(t.Context(), eventbridge.Delivery{Target: arn})); got.Code != "CONNECTION_FAILURE" || !got.Retryable {
		t.Error(got)
	}
}

func TestWhatCannotBeSentIsFinal(t *testing.T) {
	service := create(t, answer(200, nil), apidestination.Destination{Endpoint: "https://hook.example.com/*"})
	if got := failure(t, service.Deliver(t.Context(), eventbridge.Delivery{Target: arn})); got.Code != "INVALID_PARAMETER" || got.Retryable {
		t.Errorf("without the path value: %v", got)
	}
	bodied := create(t, answer(200, nil), apidestination.Destination{Connection: &apidestination.Connection{Parameters: apidestination.AuthParameters{
		InvocationHttpParameters: &apidestination.HttpParameters{BodyParameters: []apidestination.Parameter{{Key: "a", Value: "b"}}},
	}}})
	for _, body := range []string{`"text"`, "null", "text", `{} {}`} {
		if got := failure(t, bodied.Deliver(t.Context(), eventbridge.Delivery{Target: arn, Body: []byte(body)})); got.Code != "INVALID_PARAMETER" || got.Retryable {
			t.Errorf("with body parameters, and the body %s: %v", body, got)
		}
	}
	if got := failure(t, service.Deliver(t.Context(), eventbridge.Delivery{Target: "arn:none"})); got.Code != "NO_RESOURCE" || got.Retryable {
		t.Errorf("to an unknown destination: %v", got)
	}
}

func TestTheRateDelaysRequestsAndDropsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var sent []time.Duration
		service := create(t, transport(func(*http.Request) (*http.Response, error) {
			sent = append(sent, time.Since(began))
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}), apidestination.Destination{RatePerSecond: 2})
		for range 6 {
			if err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn}); err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{0, 0, time.Second / 2, time.Second, 3 * time.Second / 2, 2 * time.Second}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARequestThatWaitsTooLongForTheRateLimitIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := create(t, answer(200, nil), apidestination.Destination{RatePerSecond: 1})
		if err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if got := failure(t, service.Deliver(ctx, eventbridge.Delivery{Target: arn})); got.Code != "THROTTLING" || !got.Retryable {
			t.Error(got)
		}
	})
}

func TestWhichDestinationsAreRefused(t *testing.T) {
	for rule, given := range map[string]apidestination.Destination{
		"an endpoint without URL": {Method: "POST", Endpoint: "a"},
		"another scheme":          {Method: "POST", Endpoint: "ftp://a"},
	} {
		t.Run(rule, func(t *testing.T) {
			if err := apidestination.New(apidestination.Config{Clock: time.Now}).Create(given); err == nil {
				t.Error("it was created")
			}
		})
	}
	service := create(t, nil, apidestination.Destination{})
	if err := service.Create(apidestination.Destination{ARN: arn, Method: "POST", Endpoint: "https://a"}); err == nil {
		t.Error("a second destination of the same ARN was created")
	}
}
