// Package event is the envelope that every event of the saga travels in: a
// CloudEvent 1.0 in structured mode with the extensions correlationid,
// causationid and traceparent.
//
// Encode and Parse hold an event to one profile, which is stricter than
// CloudEvents, so that an event has one reading and every service on its way
// takes it:
//
//	text          UTF-8 and I-JSON, see package ijson; so is data_base64, decoded
//	attributes    no control characters, no noncharacters (CloudEvents asks for it)
//	id, correlationid, causationid
//	              at most 256 bytes: records remember them
//	source        at most 256 bytes, a URI reference, and does not begin with aws.
//	type          at most 128 bytes: EventBridge's detail-type
//	subject       1 to 100 letters, digits and . _ : - because EventBridge makes it
//	              the message group id
//	time, dataschema, correlationid
//	              are required
//	data          is required and JSON; datacontenttype says so or is absent
//	size          at most MaximumSize to be published
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrInvalid marks an event that can never be handled, however often it comes:
// it belongs in a dead-letter queue, not back in the queue.
var ErrInvalid = errors.New("invalid event")

// ContentType is the media type of an event in structured mode.
const ContentType = "application/cloudevents+json; charset=UTF-8"

// Data is what an event carries. The type is part of the published language.
type Data interface {
	EventType() string
}

// Event is an envelope with its data, as a plain value.
type Event struct {
	// ID is unique per Source. Who handles one cause twice makes the same ids.
	ID     string
	Source string
	Type   string
	// Subject is what the event is about: the order id. It is also the FIFO
	// message group and the key of the record.
	Subject string
	Time    time.Time
	// DataSchema is the URI of the JSON Schema of Data, version included.
	DataSchema string
	// CorrelationID is the same for all events of one saga.
	CorrelationID string
	// CausationID is the id of the event that caused this one; the first event
	// of a saga has none.
	CausationID string
	// TraceParent is the work that published the event, for tracing: the
	// CloudEvents extension traceparent in the form of W3C Trace Context, version
	// 00. It is optional, and as much content of the event as all else. What is
	// malformed is neither read nor written, as if it were absent: no event is
	// ever lost because of its trace.
	TraceParent string
	Data        json.RawMessage
}

// Cause is what makes a participant publish: an event, or a command from
// outside of the saga, which leaves no causation id because it was never
// published.
type Cause struct {
	Event     Event
	IsCommand bool
}

// Caused makes the event that source publishes because of a cause, as number
// ordinal of all that this cause makes it publish. The id depends on nothing
// but the cause, the type and the ordinal.
func Caused(by Cause, source string, data Data, ordinal int, at time.Time) (Event, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("encode the data of %s: %w", data.EventType(), err)
	}
	e := Event{
		ID:            DeriveID(by.Event.Source, by.Event.ID, data.EventType(), strconv.Itoa(ordinal)),
		Source:        source,
		Type:          data.EventType(),
		Subject:       by.Event.Subject,
		Time:          at.UTC(),
		CorrelationID: by.Event.CorrelationID,
		CausationID:   by.Event.ID,
		Data:          encoded,
	}
	if by.IsCommand {
		e.CausationID = ""
	}
	return e, nil
}

// DeriveID is the name-based UUID (version 5) of the given parts.
func DeriveID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.Join(parts, "\n"))).String()
}
