package orderapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/stack"
)

// api is a fake of the order API, which notes the requests that it gets.
type api struct {
	requests []string
	keys     map[string]bool
	refuse   string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.requests = append(a.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	if a.refuse != "" {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, a.refuse)
		return
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		a.keys[key] = true
	}
	if r.URL.Path == "/orders" && !json.Valid(body) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprint(w, `{"orderId": "o-1"}`)
}

func serve(t *testing.T, a *api) *orderapi.Client {
	t.Helper()
	a.keys = make(map[string]bool)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return &orderapi.Client{URL: server.URL, Token: func(_ context.Context, id string) (string, error) { return "token-of-" + id, nil }}
}

func TestEachSampleSendsTheRequestsOfItsCommand(t *testing.T) {
	for _, sample := range orderapi.Samples() {
		a := &api{}
		id, err := serve(t, a).Place(t.Context(), sample)
		if err != nil || id != "o-1" || len(a.keys) != 1 {
			t.Errorf("%s: %q, %v, with %d keys", sample.Name, id, err, len(a.keys))
		}
		want := []string{"POST /orders "}
		switch {
		case sample.Cancel:
			want = append(want, "POST /orders/o-1/cancellation Bearer token-of-o-1")
		case sample.Twice:
			want = append(want, "POST /orders ")
		}
		if diff := cmp.Diff(want, a.requests); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sample.Name, diff)
		}
		command, err := sample.Curl("http://api")
		if err != nil || strings.Count(command, "curl ") != len(want) || !strings.Contains(command, `"customerId":`) {
			t.Errorf("%s has the command %s, %v", sample.Name, command, err)
		}
	}
}

func TestTheErrorOfARefusedRequestIsTheProblem(t *testing.T) {
	for answer, want := range map[string]string{
		`{"title": "Too late", "detail": "The order is shipped."}`: "cancel the order: Too late. The order is shipped.",
		"<html>": "cancel the order: the order API answers 409 Conflict",
	} {
		if err := serve(t, &api{refuse: answer}).Cancel(t.Context(), "o-1"); err == nil || err.Error() != want {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestAFailedRequestIsRepeatedWithItsKey(t *testing.T) {
	var keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if keys = append(keys, r.Header.Get("Idempotency-Key")); len(keys) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"orderId": "o-1"}`)
	}))
	t.Cleanup(server.Close)
	id, err := (&orderapi.Client{URL: server.URL}).Place(t.Context(), orderapi.Samples()[0])
	if err != nil || id != "o-1" || len(keys) != 3 || keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("%q, %v, with the keys %q", id, err, keys)
	}
}

// urls is a fake of Lambda.
type urls struct {
	out *lambda.GetFunctionUrlConfigOutput
	err error
}

func (u urls) GetFunctionUrlConfig(_ context.Context, in *lambda.GetFunctionUrlConfigInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error) {
	if *in.FunctionName != "api" || *in.Qualifier != "live" {
		return nil, errors.New("another function")
	}
	return u.out, u.err
}

func TestAnAPIThatRequiresSignaturesHasNoURL(t *testing.T) {
	in := stack.Stack{Functions: map[string]string{orderapi.Function: "api"}}
	denied := errors.New("denied")
	for name, c := range map[string]struct {
		client urls
		want   string
		err    error
	}{
		"open":       {urls{out: &lambda.GetFunctionUrlConfigOutput{AuthType: types.FunctionUrlAuthTypeNone, FunctionUrl: new("https://api/")}}, "https://api", nil},
		"signatures": {urls{out: &lambda.GetFunctionUrlConfigOutput{AuthType: types.FunctionUrlAuthTypeAwsIam, FunctionUrl: new("https://api/")}}, "", nil},
		"no URL":     {urls{err: &types.ResourceNotFoundException{}}, "", nil},
		"denied":     {urls{err: denied}, "", denied},
	} {
		if url, err := orderapi.FindURL(t.Context(), c.client, in); url != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", name, url, err)
		}
	}
}
