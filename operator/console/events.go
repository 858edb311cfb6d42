package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/envelope"
	"example.com/saga/operator/lanes"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
)

const (
	// mostEvents is how many events the tail keeps.
	mostEvents = 1000
	// shownEvents is how many of them its page shows.
	shownEvents = 100
)

// tailedEvent is an event of the Global bus.
type tailedEvent struct {
	At                             time.Time
	ID, Type, Order, Source, Cause string
	Tone                           lanes.Tone
	// Note is the reason, the amount or the points in it.
	Note string
	// JSON is the whole event, indented, or the text of what is none.
	JSON string
	// Invalid is why it is not an event, or "".
	Invalid string
}

// newTailedEvent reads what is in the event log. Anything else than an event is shown too.
func newTailedEvent(message string) tailedEvent {
	e, encoded, err := envelope.Parse(message)
	if err != nil {
		content := (deadletter.Message{Body: message}).Content()
		return tailedEvent{ID: content.ID, Type: content.Type, Order: content.Order, Tone: lanes.Failure, JSON: message, Invalid: err.Error()}
	}
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		out.Write(encoded)
	}
	return tailedEvent{
		At: e.Time, ID: e.ID, Type: e.Type, Order: e.Subject, Source: e.Source, Cause: e.CausationID,
		Tone: lanes.ToneOf(e.Type), Note: noteOf(e.Data), JSON: out.String(),
	}
}

// noteOf returns the reason, the amount or the points in the data of an event, or "".
func noteOf(data json.RawMessage) string {
	var found struct {
		Reason string          `json:"reason"`
		Amount *contract.Money `json:"amount"`
		Points *int64          `json:"points"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return "" // It has other members of these names.
	}
	switch {
	case found.Reason != "":
		return found.Reason
	case found.Amount != nil:
		return orderview.Amount(*found.Amount)
	case found.Points != nil:
		return strconv.FormatInt(*found.Points, 10) + " points"
	}
	return ""
}

// tail has the last events, the oldest first.
type tail struct {
	versioned

	events []tailedEvent
}

func (t *tail) add(e tailedEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	t.events = append(t.events, e)
	if len(t.events) > mostEvents {
		t.events = slices.Delete(t.events, 0, len(t.events)-mostEvents)
	}
}

func (t *tail) all() []tailedEvent {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.events)
}

// eventsView is what the page of the events shows.
type eventsView struct {
	// Type, Order and Text are what is searched for.
	Type, Order, Text string
	// Held reports whether the page stands still, and Toggle is the address of the other
	// state.
	Held   bool
	Toggle string
	Events []shownEvent
	Kept   int
}

// shownEvent is an event with those that the tail has of its causes and effects.
type shownEvent struct {
	tailedEvent

	CausedBy string
	Effects  []string
}

func (c *Console) eventsPage(r *http.Request) (page, error) {
	view := eventsView{Type: r.FormValue("type"), Order: r.FormValue("order"), Text: r.FormValue("text"), Held: r.FormValue("hold") != ""}
	query := url.Values{"type": {view.Type}, "order": {view.Order}, "text": {view.Text}}
	if !view.Held {
		query.Set("hold", "yes")
	}
	view.Toggle = "/events?" + query.Encode()
	all := c.tail.all()
	view.Kept = len(all)
	types, effects := make(map[string]string), make(map[string][]string)
	for _, e := range all {
		types[e.ID] = e.Type
		if e.Cause != "" && !slices.Contains(effects[e.Cause], e.Type) {
			effects[e.Cause] = append(effects[e.Cause], e.Type)
		}
	}
	for _, e := range slices.Backward(all) {
		if len(view.Events) < shownEvents && view.selects(e) {
			view.Events = append(view.Events, shownEvent{e, types[e.Cause], effects[e.ID]})
		}
	}
	return page{template: "events", title: "Events", held: view.Held, body: view}, nil
}

func (v eventsView) selects(e tailedEvent) bool {
	return strings.Contains(e.Type, v.Type) && strings.HasPrefix(e.Order, v.Order) && strings.Contains(e.JSON, v.Text)
}
