package event

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"example.com/saga/pkg/ijson"
)

// Names of the extension attributes.
const (
	correlationID = "correlationid"
	causationID   = "causationid"
	traceParent   = "traceparent"
)

// dataContentType is the datacontenttype of events that are encoded.
const dataContentType = "application/json"

// Encode returns the event in structured mode. ErrInvalid is returned if the event
// breaks the profile.
func Encode(e Event) ([]byte, error) {
	encoded, err := e.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInvalid, e.Type, err)
	}
	if size := len(e.Source) + len(e.Type) + len(encoded); size > MaximumSize {
		return nil, fmt.Errorf("%w: %s would have %d bytes, %d are allowed", ErrInvalid, e.Type, size, MaximumSize)
	}
	return encoded, nil
}

// Parse decodes an event in structured mode. ErrInvalid is returned for anything
// else, and for an event that breaks the profile.
func Parse(encoded []byte) (Event, error) {
	var e Event
	if err := e.UnmarshalJSON(encoded); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return e, nil
}

// Check returns ErrInvalid if an event breaks the profile, except for its size. It is for
// an event that was not parsed.
func Check(e Event) error {
	if err := e.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func (e Event) check() error { return errors.Join(e.validate(), checkData(e.Data)) }

// MarshalJSON encodes the event in structured mode. An error is returned if the event
// breaks the profile.
func (e Event) MarshalJSON() ([]byte, error) {
	if err := e.check(); err != nil {
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

// UnmarshalJSON decodes an event in structured mode. An error is returned if the event
// breaks the profile. It does not use the SDK of CloudEvents, which accepts members
// that are repeated, in another case or of another type, without an error.
func (e *Event) UnmarshalJSON(encoded []byte) error {
	if err := ijson.Check(encoded); err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &object); err != nil || object == nil {
		return errors.New("not a JSON object")
	}
	members := members{object: object}
	if version := members.text("specversion"); version != cloudevents.CloudEventsVersionV1 {
		return fmt.Errorf("not a CloudEvent %s: specversion is %q", cloudevents.CloudEventsVersionV1, version)
	}
	*e = Event{
		ID:            members.text("id"),
		Source:        members.text("source"),
		Type:          members.text("type"),
		Subject:       members.text("subject"),
		Time:          members.time(),
		DataSchema:    members.text("dataschema"),
		CorrelationID: members.text(correlationID),
		CausationID:   members.text(causationID),
		TraceParent:   members.traceParent(),
		Data:          members.data(),
	}
	members.checkExtensions()
	if len(members.problems) > 0 {
		return errors.Join(members.problems...)
	}
	return e.validate()
}

// members are the members of an event's JSON, and the problems that were found when
// reading them. A member that is null counts as absent.
type members struct {
	object   map[string]json.RawMessage
	read     []string
	problems []error
}

func (m *members) addProblem(format string, values ...any) {
	m.problems = append(m.problems, fmt.Errorf(format, values...))
}

func (m *members) text(name string) string {
	m.read = append(m.read, name)
	var text string
	if raw := m.object[name]; len(raw) > 0 && json.Unmarshal(raw, &text) != nil {
		m.addProblem("%s is no string", name)
	}
	return text
}

// time reads a time of RFC 3339, whose letters may be in lower case.
func (m *members) time() time.Time {
	var at time.Time
	text := m.text("time")
	if text == "" {
		return at
	}
	err := at.UnmarshalText([]byte(strings.ToUpper(text)))
	if err != nil || strings.Contains(text, ",") { // Package time accepts a comma for a point.
		m.addProblem("time is %q, which is not RFC 3339 or a leap second", text)
	}
	return at
}

// traceParent returns "" for a malformed traceparent: no event is lost because of its
// trace.
func (m *members) traceParent() string {
	m.read = append(m.read, traceParent)
	var text string
	if json.Unmarshal(m.object[traceParent], &text) != nil || !isTraceParent(text) {
		return ""
	}
	return text
}

// data returns the JSON of the member data, or of data_base64.
func (m *members) data() json.RawMessage {
	if contentType := m.text("datacontenttype"); contentType != "" {
		if err := checkJSON(contentType); err != nil {
			m.problems = append(m.problems, err)
		}
	}
	data, isMember := m.object["data"]
	_, isBase64 := m.object["data_base64"]
	encoded := m.text("data_base64")
	m.read = append(m.read, "data")
	if !isBase64 {
		return data
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case isMember:
		m.addProblem("there are data and data_base64")
	case err != nil, strings.ContainsAny(encoded, "\r\n"): // Package base64 ignores line breaks.
		m.addProblem("data_base64 is not base64")
	default:
		if err := checkData(decoded); err != nil {
			m.problems = append(m.problems, err)
		}
	}
	return decoded
}

// checkJSON returns an error for a media type whose data is not JSON in UTF-8.
func checkJSON(contentType string) error {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	_, subtype, _ := strings.Cut(mediaType, "/")
	charset, hasCharset := parameters["charset"]
	switch {
	case err != nil:
		return fmt.Errorf("datacontenttype is %q, which is no media type", contentType)
	case subtype != "json" && !strings.HasSuffix(subtype, "+json"):
		return fmt.Errorf("datacontenttype is %q, which is not JSON", contentType)
	case hasCharset && !strings.EqualFold(charset, "utf-8"):
		return fmt.Errorf("datacontenttype is %q, but JSON is UTF-8", contentType)
	}
	return nil
}

// checkExtensions checks the members that are not part of Event. Those that are valid
// extension attributes are ignored.
func (m *members) checkExtensions() {
	for _, name := range slices.Sorted(maps.Keys(m.object)) {
		raw := m.object[name]
		switch {
		case slices.Contains(m.read, name):
		case name == "" || !consistsOf(name, lowerLetters+digits):
			m.addProblem("%q is not a name of an attribute: only a to z and 0 to 9 are allowed", name)
		case !isAttributeValue(raw):
			m.addProblem("%s is no string, no boolean and no integer of 32 bits", name)
		}
	}
}

// isAttributeValue reports whether a value has one of the types that CloudEvents
// allows for attributes in JSON.
func isAttributeValue(raw json.RawMessage) bool {
	switch raw[0] {
	case '{', '[':
		return false
	case '"', 't', 'f', 'n':
		return true
	}
	number, err := strconv.ParseFloat(string(raw), 64)
	return err == nil && number == math.Trunc(number) && number >= math.MinInt32 && number <= math.MaxInt32
}
