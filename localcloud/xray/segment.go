package xray

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// segment is a segment document, or that of a subsegment, as far as it is checked.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
type segment struct {
	Name       string   `json:"name"`
	ID         string   `json:"id"`
	TraceID    string   `json:"trace_id"`
	ParentID   string   `json:"parent_id"`
	Type       string   `json:"type"`
	StartTime  float64  `json:"start_time"`
	EndTime    *float64 `json:"end_time"`
	InProgress bool     `json:"in_progress"`
}

var (
	namePattern    = regexp.MustCompile(`^[\p{L}\p{N}\s_.:/%&#=+\\@-]{1,200}$`)
	idPattern      = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceIDPattern = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
)

// parse parses a datagram: a line with the format of the document, of which
// there is only one, and the document.
func parse(datagram []byte) (parsed segment, document []byte, err error) {
	line, document, found := bytes.Cut(datagram, []byte("\n"))
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &head); err != nil || !found || head.Format != "json" || head.Version != 1 {
		return segment{}, nil, fmt.Errorf("it does not begin with the header of the X-Ray daemon, but with %.60q", line)
	}
	if err := json.Unmarshal(document, &parsed); err != nil {
		return segment{}, nil, fmt.Errorf("it is no segment document: %w", err)
	}
	return parsed, document, parsed.check()
}

func (s segment) check() error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("segment %s: "+format, append([]any{s.ID}, args...)...))
		}
	}
	refuse(!namePattern.MatchString(s.Name), "the name %q is not valid in X-Ray", s.Name)
	refuse(!idPattern.MatchString(s.ID), "the id is not 16 hexadecimal digits")
	refuse(!traceIDPattern.MatchString(s.TraceID), "the trace id %q is not one of X-Ray", s.TraceID)
	refuse(s.ParentID != "" && !idPattern.MatchString(s.ParentID), "the parent id %q is not 16 hexadecimal digits", s.ParentID)
	refuse(s.Type != "" && s.Type != "subsegment", "the type %q is not subsegment", s.Type)
	refuse(s.Type == "subsegment" && s.ParentID == "", "a subsegment has no parent_id")
	refuse(s.StartTime <= 0, "it has no start_time")
	refuse((s.EndTime == nil) != s.InProgress, "it must have either an end_time or be in_progress")
	refuse(s.EndTime != nil && *s.EndTime < s.StartTime, "it ends before it starts")
	return errors.Join(problems...)
}
