package eventbridge

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
)

const (
	maximumEntries    = 10
	maximumTotal      = 1 << 20
	maximumSource     = 256
	maximumDetailType = 128
	maximumBusName    = 1600
	maximumTrace      = 500
	// sizeOfTime is what a given time counts towards the size.
	sizeOfTime = 14
)

// PutEventsInput is PutEvents' request.
type PutEventsInput struct{ Entries []PutEventsEntry }

// PutEventsEntry is one event to publish. Time is in seconds since 1970.
type PutEventsEntry struct {
	Time         *float64
	Source       string
	Resources    []string
	DetailType   string
	Detail       *string
	EventBusName busName
	TraceHeader  *string
}

// PutEventsOutput is PutEvents' response.
type PutEventsOutput struct {
	FailedEntryCount int
	Entries          []PutEventsResult
}

// PutEventsResult has an EventId, or the error of an entry that failed.
type PutEventsResult struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// PutEvents publishes events. An invalid entry fails alone; the others are published.
//
// AWS documents codes for an entry that may not be published for its source or
// its detail type, but not when it uses them rather than refusing the call. Here
// one entry that is not allowed refuses the whole call before anything is
// published, as a policy's decision on the caller always does.
func (s *Service) PutEvents(ctx context.Context, in *PutEventsInput) (*PutEventsOutput, error) {
	if err := checkRequest(in.Entries); err != nil {
		return nil, err
	}
	if err := s.authorizePut(ctx, in.Entries); err != nil {
		return nil, err
	}
	out := &PutEventsOutput{}
	for _, entry := range in.Entries {
		result, err := s.put(ctx, entry)
		if err != nil {
			return nil, err
		}
		if result.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	return out, nil
}

// checkRequest finds what is wrong with the request as a whole.
func checkRequest(entries []PutEventsEntry) error {
	switch {
	case len(entries) == 0:
		return wire.ValidationError("1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(entries) > maximumEntries:
		return wire.ValidationError("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to %d", maximumEntries)
	}
	total := 0
	for i, entry := range entries {
		total += entry.size()
		if !fits(entry.EventBusName, maximumBusName) {
			return wire.ValidationError("1 validation error detected: Value at 'entries.%d.member.eventBusName' failed to satisfy constraint: Member must have length between 1 and %d", i+1, maximumBusName)
		}
		if !fits(entry.TraceHeader, maximumTrace) {
			return wire.ValidationError("1 validation error detected: Value at 'entries.%d.member.traceHeader' failed to satisfy constraint: Member must have length between 1 and %d", i+1, maximumTrace)
		}
	}
	if total >= maximumTotal {
		return wire.ValidationError("Total size of the entries in the request is over the limit.")
	}
	return nil
}

func fits(text *string, maximum int) bool {
	return text == nil || (*text != "" && utf8.RuneCountInString(*text) <= maximum)
}

// size counts bytes as AWS does towards the limit and the bill.
func (e PutEventsEntry) size() int {
	size := len(e.Source) + len(e.DetailType)
	if e.Time != nil {
		size += sizeOfTime
	}
	if e.Detail != nil {
		size += len(*e.Detail)
	}
	for _, resource := range e.Resources {
		size += len(resource)
	}
	return size
}

// authorizePut checks the permission for the entries of each bus, as one request
// and each as one of its own.
//
// A request can have several values of events:source and events:detail-type
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html#amazoneventbridge-policy-keys),
// but whether PutEvents is decided once, with the values of all entries, or entry
// by entry, is not documented. A call that is allowed here is allowed either way.
func (s *Service) authorizePut(ctx context.Context, entries []PutEventsEntry) error {
	byBus := map[string][]PutEventsEntry{}
	for _, entry := range entries {
		bus := s.busOf(entry.EventBusName)
		byBus[bus] = append(byBus[bus], entry)
	}
	for _, bus := range slices.Sorted(maps.Keys(byBus)) {
		requests := slices.Collect(slices.Chunk(byBus[bus], 1))
		if len(requests) > 1 {
			requests = append(requests, byBus[bus])
		}
		for _, request := range requests {
			if err := s.config.Authorize.Check(ctx, "events:PutEvents", bus, conditionsOf(request)); err != nil {
				return err
			}
		}
	}
	return nil
}

// conditionsOf returns the condition keys of a request with these entries.
func conditionsOf(entries []PutEventsEntry) map[string][]string {
	conditions := map[string][]string{"events:eventBusInvocation": {"false"}}
	add := func(key, value string) {
		if !slices.Contains(conditions[key], value) {
			conditions[key] = append(conditions[key], value)
		}
	}
	for _, entry := range entries {
		add("events:source", entry.Source)
		add("events:detail-type", entry.DetailType)
	}
	return conditions
}

// busOf is the ARN of the bus with a name, which need not exist.
func (s *Service) busOf(name busName) string {
	switch {
	case name == nil:
		return s.arnOf(defaultBus)
	case strings.HasPrefix(*name, "arn:"):
		return *name
	default:
		return s.arnOf(*name)
	}
}

func (s *Service) put(ctx context.Context, entry PutEventsEntry) (PutEventsResult, error) {
	detail, refusal := entry.check()
	if refusal != nil {
		return *refusal, nil
	}
	e := s.event(entry.Source, entry.DetailType, entry.Resources, detail)
	if entry.Time != nil {
		e.Time = time.Unix(int64(math.Floor(*entry.Time)), 0)
	}
	if entry.TraceHeader != nil {
		e.TraceHeader = *entry.TraceHeader
	}
	known, err := s.accept(ctx, s.busOf(entry.EventBusName), e)
	if err != nil {
		return PutEventsResult{}, &wire.Error{Code: "InternalException", Message: err.Error(), Status: 500}
	}
	if !known {
		s.unknown.Add(1)
		s.config.Lost.Lost(loss.Loss{
			Kind: loss.Bus, Name: s.busOf(entry.EventBusName), Event: e.Identity(), Reason: "the bus does not exist",
		})
	}
	return PutEventsResult{EventId: e.ID}, nil
}

// check returns the detail of an entry, rewritten. An error is returned if the
// entry is not valid.
func (e PutEventsEntry) check() (json.RawMessage, *PutEventsResult) {
	invalid := func(parameter, reason string) (json.RawMessage, *PutEventsResult) {
		return nil, &PutEventsResult{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter " + parameter + " is not valid. Reason: " + reason}
	}
	switch {
	case e.Source == "":
		return invalid("Source", "Source is a required argument.")
	case e.DetailType == "":
		return invalid("DetailType", "DetailType is a required argument.")
	case e.Detail == nil || *e.Detail == "":
		return invalid("Detail", "Detail is a required argument.")
	case utf8.RuneCountInString(e.Source) > maximumSource:
		return invalid("Source", "Source is longer than 256 characters.")
	case utf8.RuneCountInString(e.DetailType) > maximumDetailType:
		return invalid("DetailType", "DetailType is longer than 128 characters.")
	case strings.HasPrefix(e.Source, "aws."):
		return nil, &PutEventsResult{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	}
	detail, err := reserialize(*e.Detail)
	if err != nil {
		return nil, &PutEventsResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	return detail, nil
}
