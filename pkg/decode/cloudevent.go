package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"example.com/saga/pkg/event"
)

// prefix is that of the attributes of an event in binary mode.
const prefix = "ce-"

// CloudEvent decodes a CloudEvent in structured mode or, if there are message attributes
// whose names begin with ce-, in binary mode. CloudEvents has no binding to SQS, so these
// are the rules of its binding to HTTP
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md):
//
//   - The message attribute ce-id has the event's id, and so on; ce-specversion is 1.0.
//     Extensions are no exception, such as ce-correlationid. Case does not matter.
//   - The values are percent-encoded, and decoded once.
//   - content-type has the media type of the data, which is the body. It is JSON if there
//     is none. If it begins with application/cloudevents, the mode is structured.
//
// SQS accepts ten message attributes, and an event has up to eleven: one that has all must
// leave out content-type. event.ErrInvalid is returned for anything else.
func CloudEvent(m Message) (event.Event, error) {
	headers := make(map[string]string, len(m.Attributes))
	isBinary := false
	for name, value := range m.Attributes {
		lower := strings.ToLower(name)
		if _, isTwice := headers[lower]; isTwice {
			return event.Event{}, fmt.Errorf("%w: two message attributes are %s, and differ in case alone", event.ErrInvalid, lower)
		}
		headers[lower] = value
		if strings.HasPrefix(lower, prefix) {
			isBinary = true
		}
	}
	isStructured := strings.HasPrefix(strings.ToLower(headers[contentType]), "application/cloudevents")
	if isStructured || !isBinary {
		return event.Parse([]byte(m.Body))
	}
	return decodeBinary(m.Body, headers)
}

const contentType = "content-type"

// decodeBinary puts an event into structured mode and parses that, so that the same rules
// hold for both.
func decodeBinary(body string, headers map[string]string) (event.Event, error) {
	structured := map[string]any{"data": json.RawMessage(body)}
	for name, value := range headers {
		attribute, isAttribute := strings.CutPrefix(name, prefix)
		switch {
		case name == contentType:
			structured["datacontenttype"] = value
			continue
		case !isAttribute:
			continue
		case attribute == "data", attribute == "data_base64", attribute == "datacontenttype":
			return event.Event{}, fmt.Errorf("%w: binary mode has no message attribute %s", event.ErrInvalid, name)
		}
		text, err := url.PathUnescape(value)
		if err != nil || !utf8.ValidString(text) {
			return event.Event{}, fmt.Errorf("%w: the message attribute %s is %q, which is not percent-encoded UTF-8", event.ErrInvalid, name, value)
		}
		structured[attribute] = text
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(structured); err != nil {
		return event.Event{}, fmt.Errorf("%w: the data is not JSON: %w", event.ErrInvalid, err)
	}
	return event.Parse(encoded.Bytes())
}
