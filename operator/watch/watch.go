// Package watch shows the events of the Global bus while they happen. It reads them
// from the event log, which any number of readers can do at the same time, or from
// the observability queue, in which each message goes to one reader only.
package watch

import (
	"encoding/json"
	"path"

	"example.com/saga/operator/envelope"
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
	e, encoded, err := envelope.Parse(message)
	if err != nil {
		return to.Malformed(message, err)
	}
	selected, err := filter.matches(e)
	if err != nil || !selected {
		return err
	}
	return to.Event(e, encoded)
}
