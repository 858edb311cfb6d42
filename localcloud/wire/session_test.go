package wire_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/saga/localcloud/wire"
)

func TestTheContextOfACallHasItsSessionToken(t *testing.T) {
	var session string
	server := httptest.NewServer(wire.Handler(wire.Service{Target: "T", Operations: map[string]wire.Operation{
		"Op": func(ctx context.Context, _ []byte) (any, error) {
			session = wire.Session(ctx)
			return struct{}{}, nil
		},
	}}))
	t.Cleanup(server.Close)
	if err := post(t, server, "T.Op", "{}"); err != nil {
		t.Fatal(err)
	}
	if session != "one of many" {
		t.Errorf("the session is %q", session)
	}
	if got := wire.Session(t.Context()); got != "" {
		t.Errorf("a call from inside has the session %q", got)
	}
}

func TestACallWithoutAnAnswerHasItsConnectionCut(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	if err := post(t, server, "Greeter.Greet", `{"Name":"silent"}`); err == nil {
		t.Error("there is an answer")
	}
	if err := post(t, server, "Greeter.Greet", `{"Name":"Ada"}`); err != nil {
		t.Errorf("the next call fails: %v", err)
	}
}

func post(t *testing.T, server *httptest.Server, target, body string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Authorization", signature)
	request.Header.Set("X-Amz-Security-Token", "one of many")
	response, err := server.Client().Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
