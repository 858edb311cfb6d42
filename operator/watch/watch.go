// Package watch shows the events of the Global bus while they happen. It reads them
// from the event log, which any number of readers can do at the same time, or from
// the observability queue, in which each message goes to one reader only.
package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"example.com/saga/pkg/event"
)

// Filter selects events; an empty field selects all.
type Filter struct {
	Order string
	// Type is a pattern of event types, as path.Match has them.
	Type string
}

func (f Filter) matches(e event.Event) (bool, error) {
	if f.Order != "" && f.Order != e.Subject {
		return false, nil
	}
	if f.Type == "" {
		return true, nil
	}
	return path.Match(f.Type, e.Type)
}

// Printer writes events.
type Printer interface {
	// Event writes an event, which is also given as the JSON that was published.
	Event(e event.Event, encoded json.RawMessage) error
	// Malformed writes a text that is not an event, and the reason.
	Malformed(text string, reason error) error
}

// Show writes the event in an envelope of EventBridge if the filter selects it. What
// is malformed is written whatever the filter: it must not go unseen.
func Show(message string, filter Filter, to Printer) error {
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(message), &envelope); err != nil {
		return to.Malformed(message, err)
	}
	if envelope.Detail == nil {
		return to.Malformed(message, errors.New("not an envelope of EventBridge: there is no detail"))
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		return to.Malformed(message, err)
	}
	// Rules match the envelope, so an event that differs from it reached no context.
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		return to.Malformed(message, fmt.Errorf("%s from %s in an envelope of %s from %s: it reached no context",
			e.Type, e.Source, envelope.DetailType, envelope.Source))
	}
	selected, err := filter.matches(e)
	if err != nil || !selected {
		return err
	}
	return to.Event(e, envelope.Detail)
}
