package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/await"
	"example.com/saga/pkg/tracing"
)

// trace is a trace in X-Ray.
type trace struct {
	ID       string    `json:"id"`
	Segments []segment `json:"segments"`
}

type segment struct {
	Name        string `json:"name"`
	ID          string `json:"id"`
	ParentID    string `json:"parent_id"`
	Fault       bool   `json:"fault"`
	Annotations struct {
		Operation string `json:"operation"`
		EventID   string `json:"event_id"`
		OrderID   string `json:"order_id"`
	} `json:"annotations"`
}

// String returns the component, its operation, and the id of the event that it handled.
func (s segment) String() string {
	return s.Name + " " + s.Annotations.Operation + " " + s.Annotations.EventID
}

func TestAllWorkForAnOrderIsInOneTrace(t *testing.T) {
	c := startCloud(t, append(often, "--pause", "Warehouse/Worker")...)
	placed := c.placeMany(t, 3, 1)
	shipped, cancelled, late := placed[0].OrderID, placed[1].OrderID, placed[2].OrderID
	if answer, err := c.do(t.Context(), http.MethodPost, "/orders/"+cancelled+"/cancellation", ""); err != nil || answer.Status != http.StatusAccepted {
		t.Fatalf("the cancellation is answered with %d, %v", answer.Status, err)
	}
	c.passDeadline(t, late)
	c.awaitStatus(t, late, "cancelling")
	c.resume(t)
	c.awaitStatus(t, shipped, "shipped")
	c.awaitStatus(t, cancelled, "cancelled")
	c.awaitStatus(t, late, "cancelled")
	c.settled(t)

	observed := c.observed(t)
	for id, commands := range map[string][]string{
		shipped: {"order.place"}, cancelled: {"order.place", "order.cancel"}, late: {"order.place", "order.cancel"},
	} {
		traceID := c.checkTrace(t, id, commands)
		for _, e := range observed[id] {
			if !strings.HasPrefix(tracing.Header(e.TraceParent), "Root="+traceID+";") {
				t.Errorf("%s of order %s carries the trace parent %q", e.Type, id, e.TraceParent)
			}
		}
	}
}

func TestAnEventThatIsHandledTwiceIsInTheTraceTwice(t *testing.T) {
	c := startCloud(t, "--deliver-twice")
	id := c.placeMany(t, 1, 1)[0].OrderID
	c.awaitStatus(t, id, "shipped")
	c.settled(t)
	c.checkTrace(t, id, []string{"order.place"})
	handled, _ := c.logged(t, id)
	if distinct := slices.Compact(slices.Clone(handled)); len(distinct) == len(handled) {
		t.Errorf("nothing was handled twice: %v", handled)
	}
}

// checkTrace checks that a trace has all work for one order, by its commands and by the
// events in the logs, and returns the id of the trace.
func (c *cloud) checkTrace(t *testing.T, orderID string, commands []string) string {
	t.Helper()
	var handled []string
	var found trace
	// Neither the daemon nor the logs signal that a segment or a line has arrived.
	await.Until(t, "the trace of order "+orderID+" is complete", func() error {
		var id string
		handled, id = c.logged(t, orderID)
		answer, err := c.do(t.Context(), http.MethodGet, c.TracesURL+"/"+id, "")
		if err != nil || answer.Status != http.StatusOK {
			return fmt.Errorf("the trace %q is answered with %d, %v", id, answer.Status, err) //nolint:errorlint // There may be none.
		}
		answer.decode(t, &found)
		if segments := len(commands) + len(handled); len(found.Segments) != segments {
			return fmt.Errorf("it has %d segments, not %d", len(found.Segments), segments)
		}
		return nil
	})
	checkTree(t, found, orderID, commands, handled)
	return found.ID
}

// checkTree checks that a trace has all work for one order and nothing else, in one tree
// that begins with the request to the order API.
func checkTree(t *testing.T, found trace, orderID string, commands, handled []string) {
	t.Helper()
	var got []string
	known := make(map[string]bool)
	for _, s := range found.Segments {
		known[s.ID] = true
		if s.Fault || s.Annotations.OrderID != orderID {
			t.Errorf("the trace of order %s has %+v", orderID, s)
		}
		if !slices.Contains(commands, s.Annotations.Operation) {
			got = append(got, s.String())
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(handled, got); diff != "" || len(got)+len(commands) != len(found.Segments) {
		t.Errorf("handled are (-) and in the trace are (+), besides %v:\n%s", commands, diff)
	}
	var roots []string
	for _, s := range found.Segments {
		if !known[s.ParentID] {
			roots = append(roots, s.Annotations.Operation)
		}
	}
	if !slices.Equal(roots, []string{"order.place"}) {
		t.Errorf("the trace of order %s begins with %v", orderID, roots)
	}
}

// logged returns the handled events of an order with their contexts, sorted, and the id of
// the trace, from the logs of the functions. All lines about an order must have the same
// trace id.
func (c *cloud) logged(t *testing.T, orderID string) (handled []string, traceID string) {
	t.Helper()
	for _, text := range c.functionLogs(t) {
		line := logLine{}
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.OrderID != orderID {
			continue
		}
		if traceID == "" {
			traceID = line.TraceID
		}
		if line.TraceID != traceID || line.TraceID == "" {
			t.Errorf("in the trace %s there is the line %s", traceID, text)
		}
		if line.EventID != "" {
			handled = append(handled, line.Service+" "+line.EventType+" "+line.EventID)
		}
	}
	slices.Sort(handled)
	return handled, traceID
}

// logLine is what every line about an order has, and that about an event.
type logLine struct {
	Service   string `json:"service"`
	OrderID   string `json:"order_id"`
	TraceID   string `json:"trace_id"`
	EventType string `json:"event"`
	EventID   string `json:"event_id"`
}
