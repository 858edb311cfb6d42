package tracing

import (
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The limits of X-Ray, applied in bytes. X-Ray counts characters, and a text has no
// more characters than bytes.
const (
	maximumName  = 200
	maximumValue = 1000
)

// segment is a segment document of X-Ray: the work of a service, or, as a
// subsegment, a part of it.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
type segment struct {
	Name     string `json:"name"`
	ID       string `json:"id"`
	TraceID  string `json:"trace_id"`
	ParentID string `json:"parent_id,omitempty"`
	Type     string `json:"type,omitempty"`
	// Times are in seconds since 1970.
	StartTime   float64        `json:"start_time"`
	EndTime     float64        `json:"end_time"`
	Fault       bool           `json:"fault,omitempty"`
	Cause       *cause         `json:"cause,omitempty"`
	Annotations map[string]any `json:"annotations"`
}

type cause struct {
	Exceptions []exception `json:"exceptions"`
}

type exception struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// newSegment makes the document of a span. A segment has the name of its
// service, which is a node of X-Ray's trace map. The name of the span and its
// attributes are annotations, which X-Ray indexes for searches.
func newSegment(span sdktrace.ReadOnlySpan) segment {
	made := segment{
		Name:        nameOfService(span),
		ID:          span.SpanContext().SpanID().String(),
		TraceID:     xrayID(span.SpanContext().TraceID()),
		StartTime:   unixSeconds(span.StartTime()),
		EndTime:     unixSeconds(span.EndTime()),
		Annotations: map[string]any{"operation": truncate(span.Name(), maximumValue)},
	}
	if parent := span.Parent(); parent.IsValid() {
		made.ParentID = parent.SpanID().String()
		if !parent.IsRemote() {
			made.Name, made.Type = sanitizeName(span.Name()), "subsegment"
		}
	}
	for _, each := range span.Attributes() {
		made.Annotations[annotationKey(string(each.Key))] = annotationValue(each.Value)
	}
	if status := span.Status(); status.Code == codes.Error {
		made.Fault = true
		made.Cause = &cause{Exceptions: []exception{{ID: exceptionID(span), Message: truncate(status.Description, maximumValue)}}}
	}
	return made
}

func nameOfService(span sdktrace.ReadOnlySpan) string {
	name, _ := span.Resource().Set().Value(serviceName)
	return sanitizeName(name.AsString())
}

// xrayID formats a trace id as X-Ray does: version 1, the time in 8 digits, and the
// rest.
func xrayID(id trace.TraceID) string {
	text := id.String()
	return "1-" + text[:8] + "-" + text[8:]
}

func unixSeconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

// exceptionID is unique in the trace if the span's own id is: its complement.
func exceptionID(span sdktrace.ReadOnlySpan) string {
	id := span.SpanContext().SpanID()
	for i := range id {
		id[i] = ^id[i]
	}
	return id.String()
}

// sanitizeName replaces the characters that X-Ray rejects in a name, and truncates
// it.
func sanitizeName(text string) string {
	return truncate(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSpace(r) || strings.ContainsRune(`_.:/%&#=+\-@`, r) {
			return r
		}
		return '_'
	}, text), maximumName)
}

// annotationKey replaces the characters with which X-Ray does not index a key.
func annotationKey(text string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, text)
}

// annotationValue returns a string, a number or a boolean; a list becomes a string.
func annotationValue(value attribute.Value) any {
	switch value.Type() {
	case attribute.BOOL, attribute.INT64, attribute.FLOAT64:
		return value.AsInterface()
	default:
		return truncate(value.String(), maximumValue)
	}
}

func truncate(text string, maximum int) string {
	return strings.ToValidUTF8(text[:min(len(text), maximum)], "")
}
