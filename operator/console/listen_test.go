package console_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/saga/operator/console"
)

func TestATakenPortLeadsToTheNextFreeOne(t *testing.T) {
	first, err := console.Listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	taken := first.Addr().(*net.TCPAddr)
	second, err := console.Listen(t.Context(), taken.Port)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if got := second.Addr().(*net.TCPAddr); got.Port <= taken.Port || !got.IP.IsLoopback() {
		t.Errorf("it listens on %s, beside %s", got, taken)
	}
}

func TestAGateShowsThatTheSagaIsStartingUntilItIsOpen(t *testing.T) {
	listener, err := console.Listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gate, ended := &console.Gate{}, make(chan error, 1)
	go func() { ended <- console.Serve(ctx, listener, gate, slog.New(slog.DiscardHandler)) }()
	get := func(host string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			request.Host = host
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	if status, body := get(""); status != http.StatusServiceUnavailable || !strings.Contains(body, "starting") {
		t.Errorf("the answer is %d %s", status, body)
	}
	if status, _ := get("evil.example"); status != http.StatusForbidden {
		t.Errorf("another host is answered with %d", status)
	}
	gate.Open(http.NotFoundHandler())
	if status, _ := get(""); status != http.StatusNotFound {
		t.Errorf("the answer is %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the end is an error: %v", err)
	}
}
