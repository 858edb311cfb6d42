package acceptance

import (
	"mime"
	"slices"
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

// forward is the events of an order that is shipped.
var forward = []string{
	"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.order-shipped",
}

const (
	manyOrders  = 200
	concurrency = 16
)

func TestEveryOrderIsShippedAndNotifiedOnce(t *testing.T) {
	c := startCloud(t)
	shipAll(t, c)
	for worker, largest := range largestBatches(c.usage(t)) {
		want := 10
		if worker == "Order/Worker" {
			want = 11 // Only a batch that waits can have more than 10.
		}
		if largest < want {
			t.Errorf("no batch of %d was ever handled by %s, the largest had %d", want, worker, largest)
		}
	}
}

func TestEveryOrderIsShippedOnceAlthoughEveryMessageIsDeliveredTwice(t *testing.T) {
	c := startCloud(t, "--deliver-twice")
	shipAll(t, c)
	if c.usage(t).DuplicatedMessages < manyOrders*len(forward) {
		t.Errorf("only %d messages were delivered twice", c.usage(t).DuplicatedMessages)
	}
}

// shipAll places many orders, and checks the end of each in every place that shows it.
func shipAll(t *testing.T, c *cloud) {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	placed := c.placeMany(t, manyOrders, concurrency)
	for _, o := range placed {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)
	for _, o := range placed {
		checkTimeline(t, c.awaitStatus(t, o.OrderID, "shipped"), o.CorrelationID)
	}

	if found := c.usage(t).deadLettered(); len(found) > 0 {
		t.Errorf("messages in dead-letter queues: %v", found)
	}
	observed := c.observed(t)
	notified := notifiedOrders(t, c)
	for _, o := range placed {
		checkEvents(t, observed[o.OrderID], o.CorrelationID, language)
		if !slices.Equal(notified[o.OrderID], []string{"warehouse.order-shipped"}) {
			t.Errorf("order %s: notified of %v", o.OrderID, notified[o.OrderID])
		}
	}
	c.checkInvariants(t)
}

func checkTimeline(t *testing.T, o order, correlationID string) {
	t.Helper()
	var types []string
	cause := ""
	for _, entry := range o.Timeline {
		types = append(types, entry.Type)
		if entry.CausationID != cause {
			t.Errorf("order %s: %s was caused by %q, not %q", o.OrderID, entry.Type, entry.CausationID, cause)
		}
		cause = entry.ID
	}
	if !slices.Equal(types, forward) {
		t.Errorf("order %s has the timeline %v", o.OrderID, types)
	}
	if o.CorrelationID != correlationID {
		t.Errorf("order %s: correlation id %q became %q", o.OrderID, correlationID, o.CorrelationID)
	}
}

// checkEvents checks that there is exactly one of each event, each valid, with
// one correlation id and in one chain of causes.
func checkEvents(t *testing.T, events []event.Event, correlationID string, language *language.Language) {
	t.Helper()
	byType := make(map[string]event.Event)
	for _, e := range events {
		if _, err := language.Decode(e); err != nil {
			t.Error(err)
		}
		if e.CorrelationID != correlationID {
			t.Errorf("%s of order %s has the correlation id %s", e.Type, e.Subject, e.CorrelationID)
		}
		if other, twice := byType[e.Type]; twice {
			t.Errorf("order %s has two %s: %s and %s", e.Subject, e.Type, other.ID, e.ID)
		}
		byType[e.Type] = e
	}
	cause := ""
	for _, eventType := range forward {
		e, found := byType[eventType]
		if !found || e.CausationID != cause {
			t.Errorf("%s %s was caused by %q, not %q", eventType, e.ID, e.CausationID, cause)
		}
		cause = e.ID
	}
	if len(events) != len(forward) {
		t.Errorf("there are %d events, not %d", len(events), len(forward))
	}
}

// notifiedOrders returns the types of the events that reached the notification endpoint, by
// order and each event once. The endpoint itself rejects a request without the right API
// key or media type.
func notifiedOrders(t *testing.T, c *cloud) map[string][]string {
	t.Helper()
	byOrder := make(map[string][]string)
	for _, n := range c.notifications(t) {
		if n.Header.Get("X-Api-Key") == "" {
			t.Error("a notification has no API key")
		}
		if got := n.Header.Get("Content-Type"); got != event.ContentType {
			if _, parameters, err := mime.ParseMediaType(got); err != nil || parameters["charset"] != "UTF-8" {
				t.Errorf("a notification has the content type %q", got)
			}
		}
		e, err := event.Parse(n.Body)
		if err != nil {
			t.Error(err)
		}
		byOrder[e.Subject] = append(byOrder[e.Subject], e.Type)
	}
	return byOrder
}

// largestBatches returns the size of the largest batch of each function behind a queue.
func largestBatches(u usage) map[string]int {
	batches := make(map[string]int)
	for path, f := range u.Functions {
		if f.LargestBatch > 0 {
			batches[path] = f.LargestBatch
		}
	}
	return batches
}
