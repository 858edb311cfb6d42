package decode

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/event"
)

// envelope is an event of EventBridge
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html).
type envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

func readEnvelope(body string) (envelope, error) {
	e, err := read[envelope]("it is not an event of EventBridge", body)
	if err == nil && (e.Source == "" || e.DetailType == "" || e.Detail == nil) {
		err = fmt.Errorf("%w: it is not an event of EventBridge: it lacks source, detail-type or detail", event.ErrInvalid)
	}
	return e, err
}

// EventBridge decodes an event of EventBridge. The event begins with its id, its source,
// its detail-type as Type, its time, and its detail as Data; complete sets the rest from
// the detail, and may change them: the profile refuses sources that begin with aws.
//
// EventBridge chooses the id when it accepts an event. So an event that is published twice
// is two events, unless complete takes the id from the detail. event.ErrInvalid is
// returned if the body is something else or the detail is no T.
func EventBridge[T any](complete Complete[T]) Decoder {
	return func(m Message) (event.Event, error) {
		e, err := readEnvelope(m.Body)
		if err != nil {
			return event.Event{}, err
		}
		detail, err := read[T]("the detail", string(e.Detail))
		if err != nil {
			return event.Event{}, err
		}
		return complete(event.Event{ID: e.ID, Source: e.Source, Type: e.DetailType, Time: e.Time, Data: e.Detail}, detail)
	}
}

// InEventBridge decodes the detail of an event of EventBridge with another decoder.
// event.ErrInvalid is returned if the body is something else, or if the event in it has
// another source or type than the envelope: permissions and rules see only that.
func InEventBridge(content Decoder) Decoder {
	return func(m Message) (event.Event, error) {
		outer, err := readEnvelope(m.Body)
		if err != nil {
			return event.Event{}, err
		}
		e, err := content(Message{Body: string(outer.Detail)})
		if err == nil && (e.Source != outer.Source || e.Type != outer.DetailType) {
			return event.Event{}, fmt.Errorf("%w: %q of %q is in the envelope of %q of %q", event.ErrInvalid, e.Type, e.Source, outer.DetailType, outer.Source)
		}
		return e, err
	}
}
