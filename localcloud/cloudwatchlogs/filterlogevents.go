package cloudwatchlogs

import (
	"context"
	"math"
	"slices"
	"strings"

	"example.com/saga/localcloud/wire"
)

// filterLogEventsInput is FilterLogEvents' request. Times are in milliseconds
// since 1970; both ends are included.
type filterLogEventsInput struct {
	groupName

	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	FilterPattern       string   `json:"filterPattern"`
	NextToken           string   `json:"nextToken"`
	Limit               *int     `json:"limit"`
	// Interleaved is without meaning: streams always are.
	Interleaved *bool `json:"interleaved"`
	// Unmask needs a permission of its own. No group masks anything here.
	Unmask bool `json:"unmask"`
}

type filterLogEventsOutput struct {
	Events    []filteredLogEvent `json:"events"`
	NextToken string             `json:"nextToken,omitempty"`
	// SearchedLogStreams is always empty, as it is in AWS by now.
	SearchedLogStreams []struct{} `json:"searchedLogStreams"`
}

type filteredLogEvent struct {
	EventID       string `json:"eventId"`
	LogStreamName string `json:"logStreamName"`
	outputLogEvent
}

// filterLogEvents finds events of a group, in the order of their times.
func (s *Service) filterLogEvents(ctx context.Context, in *filterLogEventsInput) (*filterLogEventsOutput, error) {
	matches, err := parseFilter(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(in.Limit, maximumPage)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNamePrefix != "" && len(in.LogStreamNames) > 0 {
		return nil, invalid("LogStreamNamePrefix and LogStreamNames parameters can't be used together.")
	}
	from := position{at: wire.ValueOr(in.StartTime, math.MinInt64)}
	if in.NextToken != "" {
		if from, err = parsePosition(in.NextToken); err != nil {
			return nil, err
		}
		from.sequence++
	}
	group, err := s.group(ctx, "logs:FilterLogEvents", in.groupName)
	if err != nil {
		return nil, err
	}
	if in.Unmask {
		if err := s.config.Authorize.Check(ctx, "logs:Unmask", s.ARN(group.name)+":*", nil); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(in.LogStreamNames, func(name string) bool { return group.streams[name] == nil }) {
		return nil, errUnknownStream()
	}
	found, more := group.after(from, limit, func(e *event) bool { return in.matches(e) && matches(group.texts.Read(e.message)) })
	out := &filterLogEventsOutput{Events: make([]filteredLogEvent, len(found)), SearchedLogStreams: []struct{}{}}
	for i, e := range found {
		out.Events[i] = filteredLogEvent{e.position.String(), e.stream.name, group.output(e)}
	}
	if more {
		out.NextToken = found[len(found)-1].position.String()
	}
	return out, nil
}

// matches reports whether an event is of the requested time and streams.
func (in *filterLogEventsInput) matches(e *event) bool {
	return e.position.at <= wire.ValueOr(in.EndTime, math.MaxInt64) &&
		strings.HasPrefix(e.stream.name, in.LogStreamNamePrefix) &&
		(len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, e.stream.name))
}
