package console_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"example.com/saga/operator/console"
	"example.com/saga/operator/faults"
	"example.com/saga/operator/orderapi"
	"example.com/saga/services/order"
)

// localCloud is a fake of a local cloud, with an order API that fails at first.
type localCloud struct {
	mu      sync.Mutex
	hits    int
	changes []string
	busy    bool
	placed  map[string]string
	fails   map[string]bool
}

func (l *localCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch key := r.Header.Get("Idempotency-Key"); {
	case r.Method == http.MethodPut && strings.Contains(string(body), "meteor"):
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"message": "there is no fault <b>meteor</b>"}`)
		return
	case r.Method == http.MethodPut:
		l.changes = append(l.changes, string(body))
	case r.URL.Path == "/usage":
		fmt.Fprintf(w, `{"idle": %t}`, !l.busy)
		return
	case key != "" && !l.fails[key]:
		l.fails[key] = true
		w.WriteHeader(http.StatusBadGateway)
		return
	case key != "":
		if l.placed[key] == "" {
			l.placed[key] = fmt.Sprintf("order-%d", len(l.placed))
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"orderId": %q}`, l.placed[key])
		return
	case strings.HasSuffix(r.URL.Path, "/cancellation"):
		w.WriteHeader(http.StatusConflict)
		return
	}
	fmt.Fprintf(w, `{"seed": "18446744073709551615", "faults": {"kill-before-call": {"probability": 0.1, "hits": %d}, "shuffle": {"probability": 0, "hits": 99}}, "redeliverAfter": "1s", "paused": {"Payment/Worker": true, "Order/Api": false}}`, l.hits)
}

func (l *localCloud) do(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// newFaultyShop starts a console of a local cloud.
func newFaultyShop(t *testing.T, change func(*console.Config)) (*shop, *localCloud) {
	t.Helper()
	fake := &localCloud{placed: make(map[string]string), fails: make(map[string]bool), hits: 2}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	s := newShop(t, func(c *console.Config) {
		c.Faults = &faults.Client{URL: server.URL + "/faults", UsageURL: server.URL + "/usage"}
		c.API = &orderapi.Client{URL: server.URL, Token: func(context.Context, string) (string, error) { return "token", nil }}
		c.Audit = func(context.Context) (console.AuditResult, error) { return console.AuditResult{Orders: 50}, nil }
		change(c)
	})
	s.eventually("the faults are read", func() bool { return strings.Contains(s.get("/faults"), "kill-before-call") })
	return s, fake
}

func TestOnlyALocalCloudHasAPageOfFaults(t *testing.T) {
	s := newShop(t, as)
	if status, _, body := s.request(http.MethodGet, "/faults", "", unchanged); status != http.StatusNotFound || strings.Contains(body, `href="/faults"`) {
		t.Errorf("in AWS it is answered with %d: %s", status, body)
	}
	local, _ := newFaultyShop(t, as)
	body := local.get("/faults")
	for _, want := range []string{`href="/faults"`, "18446744073709551615", `value="0.1"`, `class="number hits">99`, "Resume Payment/Worker", "Pause Order/Api"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	if want := "come back after 1s at most; on AWS"; !strings.Contains(body, want) {
		t.Errorf("%q is missing:\n%s", want, body)
	}
}

func TestFaultsAndPausesAreChangedByForms(t *testing.T) {
	s, fake := newFaultyShop(t, as)
	for _, c := range []struct{ form, sent, answer string }{
		{"fault=shuffle&probability=0.25", `{"faults":{"shuffle":0.25}}`, "shuffle has the probability 0.25."},
		{"function=Order/Api&pause=yes", `{"paused":{"Order/Api":true}}`, "Order/Api is paused."},
		{"function=Payment/Worker", `{"paused":{"Payment/Worker":false}}`, "Payment/Worker is resumed."},
		{"fault=shuffle&probability=much", "", "Failed:</b> &#34;much&#34; is no probability"},
		{"fault=meteor&probability=1", "", "Failed:</b> there is no fault &lt;b&gt;meteor"},
	} {
		fake.do(func() { fake.changes = nil })
		_, body := s.post("/faults", c.form)
		fake.do(func() {
			if sent := strings.Join(fake.changes, ""); !strings.Contains(body, c.answer) || sent != c.sent {
				t.Errorf("%s sends %s and is answered with %s", c.form, sent, body)
			}
		})
	}
}

func TestATrialIsAuditedWhenAllOrdersHaveEndedAndNothingIsInTransit(t *testing.T) {
	s, fake := newFaultyShop(t, as)
	putAll := func(progress order.Progress) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range 50 {
			id := fmt.Sprintf("order-%d", i)
			s.records[id] = record(t, id, order.State{Progress: progress, PlacedAt: now})
		}
	}
	putAll(order.Reserved)
	fake.do(func() { fake.busy = true })
	if status, body := s.post("/faults/orders", ""); status != http.StatusOK || !strings.Contains(body, "50 orders are placed.") {
		t.Fatalf("it is answered with %d: %s", status, body)
	}
	s.eventually("none has ended", func() bool { return strings.Contains(s.get("/faults"), "0 of 50 ended, 0 processes were killed.") })
	fake.do(func() { fake.hits = 9 })
	putAll(order.Shipped)
	s.eventually("all have ended", func() bool { return strings.Contains(s.get("/faults"), "50 of 50 ended, 7 processes were killed.") })
	fake.do(func() { fake.busy = false })
	s.eventually("the audit has passed", func() bool {
		return strings.Contains(s.get("/faults"), "50 of 50 ended, <span>0 invariants violated</span>, 7 processes were killed.")
	})
	if counts := s.get("/counts"); !strings.Contains(counts, "audit passed") {
		t.Errorf("the head has %s", counts)
	}
}

func TestAReadOnlyConsoleChangesNoFault(t *testing.T) {
	s, fake := newFaultyShop(t, func(c *console.Config) { c.ReadOnly = true })
	for _, path := range []string{"/faults", "/faults/orders"} {
		if status, _ := s.post(path, "fault=shuffle&probability=1"); status != http.StatusForbidden {
			t.Errorf("%s is answered with %d", path, status)
		}
	}
	if body := s.get("/faults"); strings.Contains(body, "hx-post") {
		t.Errorf("the page has buttons: %s", body)
	}
	fake.do(func() {
		if len(fake.changes)+len(fake.placed) > 0 {
			t.Errorf("changed are %v and %v", fake.changes, fake.placed)
		}
	})
}
