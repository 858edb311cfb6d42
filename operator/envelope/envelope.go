// Package envelope reads events as EventBridge delivers them.
package envelope

import (
	"encoding/json"
	"errors"
	"fmt"

	"example.com/saga/pkg/event"
)

// Parse reads the CloudEvent in an envelope of EventBridge, and also returns the JSON
// that it was published as. Rules match the envelope, so an event whose source or type
// differs from the envelope's reached no context: then an error is returned.
func Parse(text string) (event.Event, json.RawMessage, error) {
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(text), &envelope); err != nil {
		return event.Event{}, nil, fmt.Errorf("not an event of EventBridge: %w", err)
	}
	if envelope.Detail == nil {
		return event.Event{}, nil, errors.New("not an event of EventBridge: there is no detail")
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		return event.Event{}, nil, err
	}
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		return event.Event{}, nil, fmt.Errorf("%s from %s in an envelope of %s from %s: it reached no context",
			e.Type, e.Source, envelope.DetailType, envelope.Source)
	}
	return e, envelope.Detail, nil
}
