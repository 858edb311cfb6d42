package console_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/console"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/orderview"
	"example.com/saga/services/order"
)

var pages = []string{"/", "/orders/order-12345678", "/events", "/dlq", "/audit", "/catalogue/", "/catalogue/map", "/catalogue/api", "/catalogue/order.placed", "/nowhere", "/orders/none", "/search?q=%3Cb%3E"}

func TestTextOfEventsIsEscapedOnEveryPage(t *testing.T) {
	s := newShop(t, as)
	if status, _ := s.post("/audit", ""); status != http.StatusSeeOther {
		t.Fatalf("the audit is answered with %d", status)
	}
	escaped := 0
	for _, path := range pages {
		body := s.get(path)
		if strings.Contains(body, markup) || strings.Contains(body, "</pre>\"") || strings.Contains(body, "<b>.</p>") {
			t.Errorf("%s has markup:\n%s", path, body)
		}
		escaped += strings.Count(body, "&lt;script&gt;")
	}
	if escaped < 7 {
		t.Errorf("the text is shown only %d times", escaped)
	}
}

func TestPagesLoadNothingFromElsewhereAndHaveNoInlineScriptOrStyle(t *testing.T) {
	s := newShop(t, as)
	for _, path := range append(pages, "/static/console.css", "/static/catalogue.css", "/problems/too-late", "/counts") {
		_, header, body := s.request(http.MethodGet, path, "", unchanged)
		if got := header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
			t.Errorf("%s has the policy %q", path, got)
		}
		for _, forbidden := range []string{"<script>", " style=", "<style", " onclick=", "javascript:", `src="http`, `href="//`} {
			if strings.Contains(body, forbidden) {
				t.Errorf("%s has %s", path, forbidden)
			}
		}
	}
}

func TestARequestThatAPageElsewhereCanSendIsRefused(t *testing.T) {
	s := newShop(t, as)
	host := strings.TrimPrefix(s.server.URL, "http://")
	_, port, _ := strings.Cut(host, ":")
	for name, c := range map[string]struct {
		method string
		change func(*http.Request)
		want   int
	}{
		"a page":                        {http.MethodGet, unchanged, http.StatusOK},
		"a page by its name":            {http.MethodGet, func(r *http.Request) { r.Host = "localhost:" + port }, http.StatusOK},
		"a page after a link elsewhere": {http.MethodGet, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusOK},
		"a name that resolves to it":    {http.MethodGet, func(r *http.Request) { r.Host = "evil.example:" + port }, http.StatusForbidden},
		"another port":                  {http.MethodGet, func(r *http.Request) { r.Host = "127.0.0.1:1" }, http.StatusForbidden},
		"no port":                       {http.MethodGet, func(r *http.Request) { r.Host = "127.0.0.1" }, http.StatusForbidden},
		"a read by a page elsewhere":    {http.MethodGet, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, http.StatusForbidden},
		"a write":                       {http.MethodPost, unchanged, http.StatusOK},
		"a write by a page elsewhere":   {http.MethodPost, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, http.StatusForbidden},
		"a write by a sandboxed page":   {http.MethodPost, func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
		"a write without an origin":     {http.MethodPost, func(r *http.Request) { r.Header.Del("Origin") }, http.StatusForbidden},
		"a write by another local site": {http.MethodPost, func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, http.StatusForbidden},
		"a write of another site":       {http.MethodPost, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, http.StatusForbidden},
		"a write to a name that resolves": {http.MethodPost, func(r *http.Request) {
			r.Host = "evil.example:" + port
			r.Header.Set("Origin", "http://"+r.Host)
		}, http.StatusForbidden},
	} {
		if status, _, body := s.request(c.method, "/dlq"+map[string]string{http.MethodPost: "/redrive"}[c.method], "queue=Payment/DeadLetters&dry-run=yes", c.change); status != c.want {
			t.Errorf("%s is answered with %d: %s", name, status, body)
		}
	}
}

func TestWritesNeedTheirMethod(t *testing.T) {
	s := newShop(t, as)
	for _, path := range []string{"/dlq/redrive?queue=Payment/DeadLetters", "/dlq/discard?queue=Payment/DeadLetters&id=letter-1", "/orders/order-12345678/cancellation"} {
		if status, _, _ := s.request(http.MethodGet, path, "", unchanged); status != http.StatusNotFound {
			t.Errorf("GET %s is answered with %d", path, status)
		}
	}
	if did := s.done(); len(did) > 0 {
		t.Errorf("done was %v", did)
	}
}

func TestAReadOnlyConsoleChangesNothing(t *testing.T) {
	s := newShop(t, func(c *console.Config) {
		c.ReadOnly, c.API = true, &orderapi.Client{URL: "http://127.0.0.1:1"}
	})
	for _, path := range []string{"/orders", "/orders/order-12345678/cancellation", "/orders/order-12345678/replay", "/dlq/redrive", "/dlq/discard"} {
		if status, body := s.post(path, "queue=Payment/DeadLetters&id=letter-1&sample=ships&to=order"); status != http.StatusForbidden || !strings.Contains(body, "-write") {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
	}
	for _, path := range pages {
		if body := s.get(path); strings.Contains(body, `hx-post=`) || !strings.Contains(body, "read-only") {
			t.Errorf("%s has buttons, or is not marked:\n%s", path, body)
		}
	}
}

func TestDeadLettersAreRedrivenAndDiscarded(t *testing.T) {
	for path, want := range map[string]string{
		"/dlq/redrive": "redrive Payment/DeadLetters letter-1", "/dlq/discard": "discard Payment/DeadLetters letter-1",
	} {
		s := newShop(t, as)
		if status, body := s.post(path, "queue=Payment/DeadLetters&id=letter-1"); status != http.StatusOK || !strings.Contains(body, "done") {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
		if did := s.done(); len(did) != 1 || did[0] != want {
			t.Errorf("done was %v, not %s", did, want)
		}
		s.eventually("the page has no dead letter", func() bool { return strings.Contains(s.get("/dlq"), "There are none") })
	}
	s := newShop(t, as)
	if _, body := s.post("/dlq/discard", "queue=Payment/DeadLetters"); !strings.Contains(body, "name the dead letter") || len(s.done()) > 0 {
		t.Errorf("a discard of all is answered with %s", body)
	}
	if _, body := s.post("/dlq/redrive", "queue=Payment/DeadLetters&dry-run=yes"); !strings.Contains(body, "would be sent") || len(s.done()) > 0 {
		t.Errorf("a dry run is answered with %s", body)
	}
	s.broken = errBroken
	if _, body := s.post("/dlq/redrive", "queue=Payment/DeadLetters"); !strings.Contains(body, "Failed:</b> broken &lt;b&gt;") {
		t.Errorf("a failure is answered with %s", body)
	}
}

func TestAnOrderIsFoundByWhatIsKnownOfIt(t *testing.T) {
	s := newShop(t, as)
	for what, text := range map[string]string{
		"its id": "order-12345678", "the beginning": "order-12", "spaces": "+order-12345678+",
		"a trace of X-Ray": "1-01234567-89abcdef0123456789abcdef", "a trace": "0123456789abcdef0123456789abcdef",
	} {
		status, header, _ := s.request(http.MethodGet, "/search?q="+text, "", unchanged)
		if status != http.StatusSeeOther || header.Get("Location") != "/orders/order-12345678" {
			t.Errorf("%s leads to %d %s", what, status, header.Get("Location"))
		}
	}
	for _, text := range []string{"", "order", "unknown-order"} {
		if status, _, _ := s.request(http.MethodGet, "/search?q="+text, "", unchanged); status != http.StatusNotFound {
			t.Errorf("%q is answered with %d", text, status)
		}
	}
}

// since returns what a page was rendered with: the stamps of the page and of the head.
func (s *shop) since(path string) string {
	s.t.Helper()
	_, rest, _ := strings.Cut(s.get(path), "since=")
	stamp, _, _ := strings.Cut(rest, `"`)
	return stamp
}

func TestAChangeIsStreamed(t *testing.T) {
	s := newShop(t, as)
	<-s.followed
	for path, c := range map[string]struct {
		query string
		event string
	}{
		"/":                      {"order=&since=" + s.since("/"), "event: page"},
		"/orders/order-12345678": {"order=order-12345678&since=" + s.since("/orders/order-12345678"), "event: page"},
		"/orders/other":          {"order=other&since=" + s.since("/orders/other"), "event: counts"},
	} {
		t.Run(path, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/live?"+c.query, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			lines := bufio.NewScanner(answer.Body)
			for changed := false; lines.Scan(); {
				line := lines.Text()
				if strings.HasPrefix(line, ":") && !changed {
					changed = true
					s.mu.Lock()
					s.records["order-12345678"] = record(t, "order-12345678", order.State{Progress: order.Paid, CustomerID: path, PlacedAt: now.Add(-time.Minute)})
					s.mu.Unlock()
					s.show(`{"source": "order", "detail-type": "order.placed", "detail": {"subject": "order-12345678"}}`)
				}
				if changed && line == c.event {
					return
				}
			}
			t.Errorf("the stream ends without %q: %v", c.event, lines.Err())
		})
	}
}

// logged returns an event as the event log has it.
func logged(id, cause, eventType, data string) string {
	return fmt.Sprintf(`{"source": "payment", "detail-type": %q, "detail": {"specversion": "1.0", "id": %q, "source": "payment", "type": %q,
		"subject": "order-12345678", "time": "2026-03-01T12:00:00Z", "datacontenttype": "application/json",
		"dataschema": "https://example.com/schema", "correlationid": "c-1", "causationid": %q, "data": %s}}`, eventType, id, eventType, cause, data)
}

func TestEventsAreShownWithTheirCausesAndEffects(t *testing.T) {
	s := newShop(t, as)
	<-s.followed
	s.show(logged("e-1", "e-0", "payment.taken", `{"amount": {"amount": 2500, "currency": "EUR"}}`))
	s.show(logged("e-2", "e-1", "loyalty.award-rejected", `{"reason": "award-rejected"}`))
	s.show(logged("e-3", "e-1", "loyalty.points-awarded", `{"points": 25}`))
	s.show("not JSON " + markup)
	body := s.get("/events")
	for _, want := range []string{
		"25.00 EUR", `<a href="#event-e-1">payment.taken</a>`, "Caused loyalty.award-rejected loyalty.points-awarded", "<code>e-0</code>",
		"> award-rejected", "25 points", "not JSON &lt;script&gt;", "not an event of EventBridge", "4 events", "page from:body",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	if strings.Index(body, "event-e-3") > strings.Index(body, "event-e-1") {
		t.Error("the newest is not the first")
	}
	for query, want := range map[string][]string{
		"type=loyalty": {"e-2", "e-3"}, "text=2500": {"e-1"}, "order=order-1&type=taken": {"e-1"}, "order=other": nil,
	} {
		body := s.get("/events?" + query)
		for _, id := range []string{"e-1", "e-2", "e-3"} {
			if shown := strings.Contains(body, "event-"+id+`"`) && strings.Contains(body, `id="event-`+id); shown != slices.Contains(want, id) {
				t.Errorf("%s shows %s: %t", query, id, shown)
			}
		}
	}
	if held := s.get("/events?hold=yes&type=x"); strings.Contains(held, "page from:body") || !strings.Contains(held, "/events?order=&amp;text=&amp;type=x") {
		t.Errorf("the page does not stand still, or leads nowhere:\n%s", held)
	}
}

func TestAPageThatCannotBeShownHasTheError(t *testing.T) {
	s := newShop(t, as)
	s.broken = errBroken
	if status, _, body := s.request(http.MethodGet, "/orders/order-12345678", "", unchanged); status != http.StatusInternalServerError || !strings.Contains(body, "broken &lt;b&gt;") {
		t.Errorf("the answer is %d: %s", status, body)
	}
	if status, body := s.post("/audit", ""); status != http.StatusInternalServerError || !strings.Contains(body, "broken") {
		t.Errorf("the audit is answered with %d: %s", status, body)
	}
}

func TestWithoutAnOrderAPINoOrderIsPlacedOrCancelled(t *testing.T) {
	s := newShop(t, as)
	if body := s.get("/"); !strings.Contains(body, "requires IAM signatures") || strings.Contains(body, "<button>ships") {
		t.Errorf("the page is %s", body)
	}
	for _, path := range []string{"/orders", "/orders/order-12345678/cancellation"} {
		if _, body := s.post(path, "sample=ships"); !strings.Contains(body, "Failed") {
			t.Errorf("%s is answered with %s", path, body)
		}
	}
}

func TestAnOrderIsReplayedToTheContextOfTheForm(t *testing.T) {
	s := newShop(t, as)
	if _, body := s.post("/orders/order-12345678/replay", "to=payment"); !strings.Contains(body, "sent to Payment for order-12345678") {
		t.Errorf("the answer is %s", body)
	}
}

func TestATraceWhoseSpansAreElsewhereIsALink(t *testing.T) {
	s := newShop(t, func(c *console.Config) {
		load := c.Load
		c.Load = func(ctx context.Context, id string, deadLetters []dlq.DeadLetter) (orderview.View, error) {
			view, err := load(ctx, id, deadLetters)
			view.TraceIDs = []string{"1-57f5498f-d91047849216d0f2ea3b6442"}
			return view, err
		}
		c.TraceURL = "https://xray.example/#/traces/"
	})
	if want := `<a href="https://xray.example/#/traces/1-57f5498f-d91047849216d0f2ea3b6442" rel="noreferrer">`; !strings.Contains(s.get("/orders/order-12345678"), want) {
		t.Errorf("%s is missing", want)
	}
}
