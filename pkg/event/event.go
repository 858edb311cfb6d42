// Package event is the envelope that every event of the saga travels in: a
// CloudEvent 1.0 in structured mode with the extensions correlationid,
// causationid and traceparent.
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
)

// ErrInvalid marks an event that can never be handled, however often it comes:
// it belongs in a dead-letter queue, not back in the queue.
var ErrInvalid = errors.New("invalid event")

// MaximumSize is the size in bytes of the largest event that may be published:
// its JSON, its source and its type, as EventBridge counts. EventBridge takes
// more today; this is what every service on an event's way has always taken.
const MaximumSize = 256 * 1024

// maximumAttribute is the length in bytes of the longest id, source, type,
// correlation id and causation id. Records remember them of every event that was
// handled: a few endless ones would leave no room for what ends an order.
const maximumAttribute = 256

// Media types of an event and of its data.
const (
	ContentType     = "application/cloudevents+json; charset=UTF-8"
	dataContentType = "application/json"
)

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
	// message group and the key of the record, hence its restricted characters.
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

// Names of the extension attributes.
const (
	correlationID = "correlationid"
	causationID   = "causationid"
	traceParent   = "traceparent"
)

// SQS allows 128 characters of a message group id, EventBridge 100 of the value
// that it puts there.
var subjectPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,100}$`)

// Version, trace id, parent id and flags; ids of zeros alone are none.
var (
	traceParentPattern = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
	noTrace            = regexp.MustCompile(`^00-(0{32}|[0-9a-f]{32}-0{16})-`)
)

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

// Encode gives the event as it travels. What could not travel, because it is
// not valid or larger than MaximumSize, is ErrInvalid.
func Encode(e Event) ([]byte, error) {
	encoded, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if size := len(e.Source) + len(e.Type) + len(encoded); size > MaximumSize {
		return nil, fmt.Errorf("%w: %s would have %d bytes, %d are allowed", ErrInvalid, e.Type, size, MaximumSize)
	}
	return encoded, nil
}

// Parse reads an event in structured mode and checks it: errors are ErrInvalid.
func Parse(encoded []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(encoded, &e); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return e, nil
}

// MarshalJSON encodes the event in structured mode, if it is valid.
func (e Event) MarshalJSON() ([]byte, error) {
	if err := e.validate(); err != nil {
		return nil, err
	}
	ce := cloudevents.New()
	ce.SetID(e.ID)
	ce.SetSource(e.Source)
	ce.SetType(e.Type)
	ce.SetSubject(e.Subject)
	ce.SetTime(e.Time)
	ce.SetDataSchema(e.DataSchema)
	ce.SetExtension(correlationID, e.CorrelationID)
	if e.CausationID != "" {
		ce.SetExtension(causationID, e.CausationID)
	}
	if isTraceParent(e.TraceParent) {
		ce.SetExtension(traceParent, e.TraceParent)
	}
	if err := ce.SetData(dataContentType, e.Data); err != nil {
		return nil, err
	}
	if err := ce.Validate(); err != nil {
		return nil, err
	}
	return ce.MarshalJSON()
}

// UnmarshalJSON decodes and checks an event in structured mode.
func (e *Event) UnmarshalJSON(encoded []byte) error {
	var ce cloudevents.Event
	if err := ce.UnmarshalJSON(encoded); err != nil {
		return fmt.Errorf("not a CloudEvent in structured mode: %w", err)
	}
	if err := ce.Validate(); err != nil {
		return fmt.Errorf("not a valid CloudEvent: %w", err)
	}
	if ce.SpecVersion() != cloudevents.CloudEventsVersionV1 {
		return fmt.Errorf("specversion is %q, not %q", ce.SpecVersion(), cloudevents.CloudEventsVersionV1)
	}
	if ce.DataContentType() != dataContentType {
		return fmt.Errorf("datacontenttype is %q, not %q", ce.DataContentType(), dataContentType)
	}
	correlation, err := extension(ce, correlationID)
	if err != nil {
		return err
	}
	causation, err := extension(ce, causationID)
	if err != nil {
		return err
	}
	trace, _ := ce.Extensions()[traceParent].(string)
	if !isTraceParent(trace) {
		trace = ""
	}
	*e = Event{
		ID:            ce.ID(),
		Source:        ce.Source(),
		Type:          ce.Type(),
		Subject:       ce.Subject(),
		Time:          ce.Time(),
		DataSchema:    ce.DataSchema(),
		CorrelationID: correlation,
		CausationID:   causation,
		TraceParent:   trace,
		Data:          ce.Data(),
	}
	return e.validate()
}

func extension(ce cloudevents.Event, name string) (string, error) {
	switch value := ce.Extensions()[name].(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	default:
		return "", fmt.Errorf("%s is %v, not a string", name, value)
	}
}

func isTraceParent(text string) bool {
	return traceParentPattern.MatchString(text) && !noTrace.MatchString(text)
}

// validate checks what the saga asks of an event beyond CloudEvents.
func (e Event) validate() error {
	var problems []error
	if !subjectPattern.MatchString(e.Subject) {
		problems = append(problems, fmt.Errorf("subject %q does not match %s", e.Subject, subjectPattern))
	}
	for _, attribute := range [][2]string{
		{"id", e.ID}, {"source", e.Source}, {"type", e.Type}, {correlationID, e.CorrelationID}, {causationID, e.CausationID},
	} {
		if size := len(attribute[1]); size > maximumAttribute {
			problems = append(problems, fmt.Errorf("%s has %d bytes, %d are allowed", attribute[0], size, maximumAttribute))
		}
	}
	if e.CorrelationID == "" {
		problems = append(problems, errors.New("correlationid is missing"))
	}
	if e.DataSchema == "" {
		problems = append(problems, errors.New("dataschema is missing"))
	}
	if e.Time.IsZero() {
		problems = append(problems, errors.New("time is missing"))
	}
	if year := e.Time.UTC().Year(); year < 0 || year > 9999 {
		problems = append(problems, fmt.Errorf("time is in the year %d, which RFC 3339 cannot write", year))
	}
	if !json.Valid(e.Data) {
		problems = append(problems, errors.New("data is not JSON"))
	}
	return errors.Join(problems...)
}
