package participant_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestOneIDWithAnotherContentIsInvalidAndChangesNothing(t *testing.T) {
	for name, spoil := range map[string]func(*event.Event){
		"another value": func(e *event.Event) {
			e.Data = json.RawMessage(strings.Replace(string(e.Data), "23 Fake Street", "24 Fake Street", 1))
		},
		"another number": func(e *event.Event) {
			e.Data = json.RawMessage(strings.Replace(string(e.Data), `"price":1`, `"price":2`, 1))
		},
		"a member more":      func(e *event.Event) { e.Data = json.RawMessage(`{"gift":true,` + string(e.Data[1:])) },
		"another case":       func(e *event.Event) { e.Data = json.RawMessage(strings.Replace(string(e.Data), "Fake", "FAKE", 1)) },
		"white space inside": func(e *event.Event) { e.Data = json.RawMessage(strings.Replace(string(e.Data), "Fake", " Fake", 1)) },
		"another type": func(e *event.Event) {
			e.Type = contract.CancellationRequested{}.EventType()
			e.DataSchema = strings.Replace(e.DataSchema, "order.placed", e.Type, 1)
			e.Data = json.RawMessage(`{"reason":"timed-out"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, ship)
			cause := w.placed(t, "e-1")
			w.mustHandle(t, cause)
			published := len(w.publisher.Published())
			other := cause
			spoil(&other)
			err := w.Handle(t.Context(), other)
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), "this id was handled with other content") {
				t.Errorf("the error is %v", err)
			}
			if got := len(w.publisher.Published()); got != published {
				t.Errorf("%d events are published because of it", got-published)
			}
			w.mustHandle(t, cause)
			w.assertShipments(t, 1)
		})
	}
}

func TestTheSameContentInAnotherSpellingIsADuplicate(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)

	var members map[string]json.RawMessage
	if err := json.Unmarshal(cause.Data, &members); err != nil {
		t.Fatal(err)
	}
	again := cause
	again.Data = json.RawMessage("{ \"items\" : [ {\"currency\":\"EUR\", \"price\": 1.0, \"quantity\": 1e0, \"sku\": \"\\u0031\\u00323\"} ]")
	for _, name := range []string{"shippingAddress", "paymentMethod", "orderId", "customerId"} {
		again.Data = append(again.Data, "\n, \""+name+"\": "+string(members[name])...)
	}
	again.Data = append(again.Data, '}')
	again.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	w.mustHandle(t, again)
	w.assertShipments(t, 1)
	assertOneContentPerID(t, w.publisher.Published())
}

// versioned is a language with two versions of every schema.
type versioned struct{ participant.Language }

func (v versioned) Decode(e event.Event) (event.Data, error) {
	if strings.HasSuffix(e.DataSchema, "/2") {
		return contract.OrderPlaced{}, nil
	}
	return v.Language.Decode(e)
}

func TestAnotherVersionOfTheSchemaIsADuplicate(t *testing.T) {
	w := newWarehouse(t, ship, func(c *participant.Config[state]) { c.Language = versioned{c.Language} })
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	newer := cause
	newer.DataSchema = strings.TrimSuffix(cause.DataSchema, "1") + "2"
	newer.Data = json.RawMessage(`{"order":{"id":"o-1"}}`)
	w.mustHandle(t, newer)
	w.assertShipments(t, 1)
}

func TestAnEntryWithoutADigestIsADuplicate(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	record.Handled[0].Digest = ""
	if err := w.store.Store.Commit(t.Context(), record, nil); err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, cause)
}

// order is a command with a member that JSON leaves out.
type order struct {
	SKU  string
	Till string `json:"-"`
}

func (order) EventType() string { return "desk.order" }

func TestOneIDWithAnotherCommandIsErrOtherContent(t *testing.T) {
	w := newWarehouse(t, ship)
	command := event.Event{ID: "k-1", Source: "desk", Type: "desk.order", Subject: "o-1", Time: w.now, CorrelationID: "c-1"}
	if _, err := w.Execute(t.Context(), command, order{"123", "north"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Execute(t.Context(), command, order{"123", "south"}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	published := len(w.publisher.Published())
	_, err := w.Execute(t.Context(), command, order{"456", "north"})
	if !errors.Is(err, participant.ErrOtherContent) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	if got := len(w.publisher.Published()); got != published {
		t.Errorf("%d events are published because of it", got-published)
	}
	w.assertShipments(t, 1)
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	_, err := participant.New(participant.Config[state]{})
	for _, name := range []string{"Source", "Decide", "Store", "Publisher", "Language", "Retention"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestClockAndPauseHaveDefaults(t *testing.T) {
	w := newWarehouse(t, ship, func(c *participant.Config[state]) { c.Clock, c.Pause = nil, nil })
	w.now = time.Now()
	w.store.before = func(commit int) error {
		if commit == 1 {
			return participant.ErrConflict
		}
		return nil
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	w.assertShipments(t, 1)
}
