package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/saga/operator/lanes"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
)

// orderView is what the page of an order shows.
type orderView struct {
	orderview.View

	Diagram  lanes.Diagram
	Contexts []contextView
	Events   []eventView
	Traces   []traceView
	// CanCancel and CanReplay report whether the buttons are shown.
	CanCancel, CanReplay bool
	// Destinations are the contexts that events can be replayed to.
	Destinations []string
	Curl         string
	ReadOnly     bool
}

// contextView is what a context knows about the order.
type contextView struct {
	Name   string
	Erased bool
	// State is what is in its state, Handled what it has handled.
	State   []fieldView
	Handled []handledView
}

type fieldView struct{ Name, Value string }

type handledView struct {
	Type      string
	At        time.Time
	Published []string
}

// eventView is an event with its JSON.
type eventView struct {
	orderview.Event

	Tone lanes.Tone
	JSON string
}

func (c *Console) orderPage(r *http.Request) (page, error) {
	id := r.PathValue("id")
	view, err := c.Load(r.Context(), id, c.cached.all())
	if err != nil {
		return page{}, err
	}
	if !view.Known() && len(view.DeadLetters) == 0 {
		return message(http.StatusNotFound, "Unknown order", "No context has a record of the order "+id+"."), nil
	}
	if attempts := c.history.of(id, view.Order.PlacedAt); len(attempts) > 0 {
		view = view.WithAttempts(attempts)
	}
	shown := orderView{
		View: view, Diagram: lanes.Draw(view), Destinations: orderview.Lanes(), ReadOnly: c.ReadOnly,
		CanCancel: c.API != nil && !c.ReadOnly && view.Known() && !view.Order.Ended(), CanReplay: !c.ReadOnly,
	}
	if c.API != nil {
		shown.Curl = "curl -H 'Authorization: Bearer {token}' " + c.API.URL + "/orders/" + id
	}
	for _, each := range view.Contexts {
		shown.Contexts = append(shown.Contexts, newContextView(each))
		if each.Name == contract.SourceOrder {
			last := &shown.Contexts[len(shown.Contexts)-1]
			last.State = append([]fieldView{{"status", string(view.Order.Status())}}, last.State...)
		}
	}
	for _, e := range view.Events {
		shown.Events = append(shown.Events, eventView{e, lanes.ToneOf(e.Type), indented(e)})
	}
	if shown.Traces, err = c.traces(r.Context(), view.TraceIDs); err != nil {
		return page{}, err
	}
	return page{template: "order", title: "Order " + short(id), body: shown}, nil
}

func newContextView(from orderview.Context) contextView {
	view := contextView{Name: from.Name, Erased: from.Erased, State: fields(from.State)}
	for _, h := range from.Handled {
		shown := handledView{Type: h.Type, At: h.HandledAt}
		for _, e := range h.Published {
			shown.Published = append(shown.Published, e.Type)
		}
		view.Handled = append(view.Handled, shown)
	}
	return view
}

// fields returns the members of a JSON object in their order. A text is shown without
// quotes.
func fields(object json.RawMessage) (all []fieldView) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return all
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return all
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		all = append(all, fieldView{fmt.Sprint(name), text})
	}
	return all
}

// indented returns an event as JSON to read, with the data as far as it is known.
func indented(e orderview.Event) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // The template escapes it.
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(e); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out.String())
}

// cancel requests the cancellation of an order.
func (c *Console) cancel(r *http.Request) (outcome, error) {
	if c.API == nil {
		return outcome{}, errNoAPI
	}
	id := r.PathValue("id")
	if err := c.API.Cancel(r.Context(), id); err != nil {
		return outcome{}, err
	}
	c.Orders.Touch(id)
	return outcome{Text: "Cancellation requested. The warehouse decides whether it comes in time."}, nil
}

// replay sends the events of an order to a context again, which changes nothing if the
// context has handled them.
func (c *Console) replay(r *http.Request) (outcome, error) {
	to := orderview.Title(r.FormValue("to"))
	sent, err := c.Replay(r.Context(), r.PathValue("id"), to)
	if err != nil {
		return outcome{}, err
	}
	c.Orders.Touch(r.PathValue("id"))
	return outcome{Text: "Replayed to " + to + ".", Results: sent}, nil
}
