// Package event is the envelope of every event of the saga: a CloudEvent 1.0 in
// structured mode with the extensions correlationid, causationid and traceparent.
//
// Encode and Parse enforce a profile that is stricter than CloudEvents, so that every
// reader reads an event the same, and every service on its way accepts it:
//
//	text          UTF-8 and I-JSON, see package ijson; so is data_base64, decoded
//	attributes    no control characters, no noncharacters (a rule of CloudEvents)
//	id, correlationid, causationid
//	              at most 256 bytes: records store them
//	source        at most 256 bytes, a URI reference that does not begin with aws.
//	type          at most 128 bytes: EventBridge's detail-type
//	subject       1 to 100 letters, digits and . _ : - because EventBridge uses it as
//	              message group id
//	time, dataschema, correlationid
//	              are required
//	data          is required and JSON; datacontenttype is a type of JSON, or absent
//	size          at most MaximumSize to be published
package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrInvalid marks an event that can never be handled, however often it is
// delivered: it belongs in a dead-letter queue, not back in the queue.
var ErrInvalid = errors.New("invalid event")

// ContentType is the media type of an event in structured mode.
const ContentType = "application/cloudevents+json; charset=UTF-8"

// Data is the data of an event. Its type is part of the published language.
type Data interface {
	EventType() string
}

// Event is an envelope with its data, as a plain value.
type Event struct {
	// ID is unique per Source. If a cause is handled twice, its events have the same
	// ids.
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
	// TraceParent is the span that published the event, for tracing: the CloudEvents
	// extension traceparent in the form of W3C Trace Context, version 00. It is
	// optional, and published again unchanged with the event. A malformed one is
	// neither read nor written, as if it were absent: no event is lost because of its
	// trace.
	TraceParent string
	Data        json.RawMessage
}

// Cause is the reason why a participant publishes: an event, or a command from
// outside of the saga. Events of a command have no causation id, because the command
// was never published.
type Cause struct {
	Event     Event
	IsCommand bool
}

// Caused makes the event that source publishes because of a cause. The ordinal is its
// index among all events that source publishes because of that cause. The id depends
// on the cause, the type and the ordinal alone. ErrInvalid is returned if the data cannot
// be encoded as JSON.
func Caused(by Cause, source string, data Data, ordinal int, at time.Time) (Event, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("%w: the data of %s cannot be encoded: %w", ErrInvalid, data.EventType(), err)
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

// DeriveID returns the name-based UUID (version 5) of the given parts. Other parts have
// another id, whatever characters are in them.
func DeriveID(parts ...string) string {
	space, name := uuid.NameSpaceURL, strings.Join(parts, "\n")
	if !slices.Equal(strings.Split(name, "\n"), parts) {
		// A line break in a part would be one between parts. The names of such parts are
		// in a space of their own, so that all other ids stay as they were published.
		space, name = uuid.NameSpaceOID, fmt.Sprintf("%q", parts)
	}
	return uuid.NewSHA1(space, []byte(name)).String()
}

// Delivery is an event with what it is handled with, for a call that handles several.
type Delivery struct {
	Event Event
	// Context is that of the event alone: it has the span of the delivery, and the
	// attributes of its log lines.
	Context context.Context //nolint:containedctx // As in http.Request: one call handles several deliveries.
	// Group is the message group of a FIFO queue, or "". Events of a group are handled in
	// their order.
	Group string
}
