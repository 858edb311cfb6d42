package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// forgedOrder is an order that was never placed.
const forgedOrder = "o-forged"

// forgedEvents returns a valid event of every type, which would change something in its
// consumers.
func forgedEvents(t *testing.T) map[string]event.Event {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	events := make(map[string]event.Event)
	for _, data := range contract.Catalogue().All() {
		described, err := language.Describe(data)
		if err != nil {
			t.Fatal(err)
		}
		command := event.Event{ID: "forged", Source: "test", Subject: forgedOrder, CorrelationID: "saga of " + forgedOrder}
		for source := range contract.Catalogue().BySource(data) {
			e, err := event.Caused(event.Cause{Event: command, IsCommand: true}, source, described.Example, 0, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if events[e.Type], err = language.Seal(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return events
}

// forger publishes with the credentials of a function.
type forger struct {
	*cloud
	publisher

	function string
	client   *eventbridge.Client
	// events are one of each type.
	events map[string]event.Event
	// accepted counts the events that a bus has accepted, by its path; the path of
	// the default bus is empty.
	accepted map[string]*atomic.Int64
}

// forgers returns a forger for each function.
func (c *cloud) forgers(t *testing.T) []forger {
	t.Helper()
	events := forgedEvents(t)
	accepted := map[string]*atomic.Int64{"": new(atomic.Int64)}
	for bus := range c.Buses {
		accepted[bus] = new(atomic.Int64)
	}
	var all []forger
	for function, publishes := range publishers() {
		all = append(all, forger{c, publishes, function, eventbridge.NewFromConfig(c.as(t, function)), events, accepted})
	}
	return all
}

// contents returns contents that do not match the envelope of an event: the events of all
// other types, the event with every other source, and incomplete events. Each event is
// there twice, once behind the members that would match: of two members with the same name
// EventBridge delivers the last.
func (f forger) contents(t *testing.T, outer event.Event) []string {
	t.Helper()
	var forged []event.Event
	for _, e := range f.events {
		if e.Type != outer.Type {
			forged = append(forged, e)
		}
	}
	for source := range contract.Catalogue().BySource(contract.Catalogue().All()...) {
		if e := outer; source != outer.Source {
			e.Source = source
			forged = append(forged, e)
		}
	}
	texts := []string{"{}", fmt.Sprintf(`{"type":%q}`, outer.Type), fmt.Sprintf(`{"source":%q}`, outer.Source)}
	for _, e := range forged {
		encoded := encodeEvent(t, e)
		texts = append(texts, encoded, fmt.Sprintf(`{"source":%q,"type":%q,%s`, outer.Source, outer.Type, strings.TrimPrefix(encoded, "{")))
	}
	return texts
}

// publish publishes every content that does not match in the envelope of an event, and
// fails the test unless the bus accepts exactly what the function may publish. A request is
// accepted or rejected as a whole.
func (f forger) publish(t *testing.T, bus string, outer event.Event) {
	t.Helper()
	own := bus == f.bus && slices.Contains(f.types, outer.Type)
	for some := range slices.Chunk(f.contents(t, outer), 10) {
		in := &eventbridge.PutEventsInput{}
		for _, content := range some {
			entry := f.entry(bus, outer.Source, outer.Type)
			entry.Detail = &content
			in.Entries = append(in.Entries, entry)
		}
		out, err := f.client.PutEvents(t.Context(), in)
		switch {
		case !own && !isDenied(err):
			t.Errorf("%s publishes %s on the bus %q: %v, and is not denied by IAM", f.function, outer.Type, bus, err)
		case own && (err != nil || out.FailedEntryCount > 0):
			t.Errorf("%s publishes %s on the bus %q: %v", f.function, outer.Type, bus, err)
		case own:
			f.accepted[bus].Add(int64(len(some)))
		}
	}
}

// publishAll publishes every content in every envelope that it does not match, with the
// credentials of each function, and returns how many such events each bus has accepted.
func publishAll(t *testing.T, all []forger) map[string]*atomic.Int64 {
	t.Helper()
	var running sync.WaitGroup
	for _, f := range all {
		for bus := range f.accepted {
			for _, outer := range f.events {
				running.Go(func() { f.publish(t, bus, outer) })
			}
		}
	}
	running.Wait()
	return all[0].accepted
}

func TestAnEventThatAContextForgesIsDeliveredToNoConsumer(t *testing.T) {
	began := stamp(time.Now())
	c := startCloud(t)
	placed, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	c.awaitStatus(t, placed.OrderID, "shipped")
	c.settled(t)
	before, used, notified := c.evidence(t), c.usage(t), len(c.notifications(t))

	all := c.forgers(t)
	accepted := publishAll(t, all)
	c.settled(t)
	seen := int(accepted["GlobalBus"].Load())
	if seen == 0 || accepted["Loyalty/Bus"].Load() == 0 {
		t.Fatal("a bus has accepted no event, so nothing is tested")
	}
	c.checkMatched(t, used, seen)

	// A replay delivers none of it either.
	for _, to := range append(contextIDs(), "Notification") {
		if result, notes := c.replay(t, "-to", to, "-order", forgedOrder); result != "" || !strings.Contains(notes, "none is for "+to) {
			t.Errorf("the replay of a forged order to %s prints %q and %q", to, result, notes)
		}
		c.replay(t, "-to", to, "-from", began)
	}
	c.settled(t)
	if diff := cmp.Diff(effectsOf(before), effectsOf(c.evidence(t))); diff != "" {
		t.Errorf("forged events have changed (-) to (+):\n%s", diff)
	}
	if found := c.usage(t).deadLettered(); len(found) > 0 {
		t.Errorf("consumers received what they cannot handle: %v", found)
	}
	if got := len(c.notifications(t)); got != notified {
		t.Errorf("%d notifications were received, and then %d", notified, got)
	}
	c.checkReported(t, seen)
	c.checkDeliverable(t, all)
}

// checkMatched fails the test if a rule has matched an event since then, except those of
// the observability, which must have matched the number of events seen.
func (c *cloud) checkMatched(t *testing.T, then usage, seen int) {
	t.Helper()
	for path, rule := range c.usage(t).Rules {
		want := 0
		if strings.HasPrefix(path, "Observability/") {
			want = seen
		}
		if got := rule.Matched - then.Rules[path].Matched; got != want {
			t.Errorf("%s has matched %d events, want %d", path, got, want)
		}
	}
}

// checkReported fails the test unless the audit reports exactly the wanted number of
// events that do not match their envelopes, and no other violation.
func (c *cloud) checkReported(t *testing.T, want int) {
	t.Helper()
	violations := c.violations(t)
	for _, violation := range violations {
		if violation.Invariant != 6 {
			t.Error(violation)
		}
	}
	if len(violations) != want {
		t.Errorf("the audit reports %d events, want %d", len(violations), want)
	}
}

// checkDeliverable fails the test if a rule matches none of the events in their own
// envelopes either: then it was not tested.
func (c *cloud) checkDeliverable(t *testing.T, all []forger) {
	t.Helper()
	before := c.usage(t)
	operator := forger{
		cloud: c, function: "an operator", client: eventbridge.NewFromConfig(c.aws(t)), events: all[0].events,
		publisher: publisher{"GlobalBus", event.Types(contract.StockReceived{})},
	}
	for _, f := range append(all, operator) {
		for _, eventType := range f.types {
			e := f.events[eventType]
			entry := f.entry(f.bus, e.Source, e.Type)
			entry.Detail = aws.String(encodeEvent(t, e))
			out, err := f.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
			if err != nil || out.FailedEntryCount > 0 {
				t.Errorf("%s publishes %s: %v", f.function, e.Type, err)
			}
		}
	}
	c.settled(t)
	after := c.usage(t)
	for _, path := range slices.Sorted(maps.Keys(after.Rules)) {
		if after.Rules[path].Matched == before.Rules[path].Matched {
			t.Errorf("%s matches none of the events in their own envelopes", path)
		}
	}
}

func encodeEvent(t *testing.T, e event.Event) string {
	t.Helper()
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Error(err)
	}
	return string(encoded)
}
