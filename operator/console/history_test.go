package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/saga/operator/activity"
	"example.com/saga/operator/console"
)

// newActiveShop starts a console of a local cloud in which more happens with each text
// that is sent.
func newActiveShop(t *testing.T, change func(*console.Config)) (*shop, chan<- string) {
	t.Helper()
	happens := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			http.NewResponseController(w).Flush()
			select {
			case text := <-happens:
				fmt.Fprint(w, text)
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	s := newShop(t, func(c *console.Config) {
		c.Activity = &activity.Client{URL: server.URL}
		change(c)
	})
	return s, happens
}

func attempt(request string, failed bool) string {
	reason := ""
	if failed {
		reason = markup
	}
	return fmt.Sprintf(`event: attempt
data: {"time":"2026-03-01T12:00:00Z","function":"Payment/Worker","request":%q,"attempts":10,"reason":%q,"parts":[{"id":"event-1","type":"order.placed","subject":"order-12345678","attempt":1,"failed":%t}]}

`, request, reason, failed)
}

func TestThePageOfAnOrderHasTheAttemptsAtItsEventsAndTheProcessesThatEnded(t *testing.T) {
	s, happens := newActiveShop(t, as)
	happens <- attempt("r-1", true)
	happens <- "event: processEnded\ndata: {\"function\":\"Payment/Worker\",\"request\":\"r-2\",\"reason\":\"signal: killed\"}\n\n" + attempt("r-2", true)
	happens <- attempt("r-3", false)
	s.eventually("the attempts are shown", func() bool { return strings.Count(s.get("/orders/order-12345678"), "<td>1 of 10</td>") == 3 })
	body := s.get("/orders/order-12345678")
	for _, want := range []string{`process ended: signal: killed`, "<td class=\"text\">handled</td>", `<g class="box ended"`, "ended while it handled order.placed: signal: killed"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	if strings.Contains(body, markup) {
		t.Error("the page has markup")
	}
}

func TestAnAttemptChangesThePageOfItsOrderAlone(t *testing.T) {
	s, happens := newActiveShop(t, as)
	page := func(path string) string { stamp, _, _ := strings.Cut(s.since(path), "/"); return stamp }
	shown, other := page("/orders/order-12345678"), page("/orders/other")
	happens <- attempt("r-1", false)
	s.eventually("the page has changed", func() bool { return page("/orders/order-12345678") != shown })
	if now := page("/orders/other"); now != other {
		t.Errorf("the page of another order changes from %s to %s", other, now)
	}
}

func TestAttemptsFromBeforeAGapAreNotShown(t *testing.T) {
	s, happens := newActiveShop(t, as)
	happens <- attempt("r-1", false)
	s.eventually("the attempt is shown", func() bool { return strings.Contains(s.get("/orders/order-12345678"), `id="attempts"`) })
	happens <- "event: missed\ndata: {\"count\":1}\n\n"
	s.eventually("it is not shown", func() bool { return !strings.Contains(s.get("/orders/order-12345678"), `id="attempts"`) })
}
