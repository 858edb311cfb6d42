package cloudwatchlogs

import (
	"context"
	"math"
	"strings"
)

// GetLogEventsInput is GetLogEvents' request. The start is included, the end is
// not.
type GetLogEventsInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
	StartTime          *int64 `json:"startTime"`
	EndTime            *int64 `json:"endTime"`
	NextToken          string `json:"nextToken"`
	Limit              *int   `json:"limit"`
	StartFromHead      bool   `json:"startFromHead"`
}

// GetLogEventsOutput is GetLogEvents' response. A token that comes back
// unchanged means that there is nothing more in its direction.
type GetLogEventsOutput struct {
	Events            []OutputLogEvent `json:"events"`
	NextForwardToken  string           `json:"nextForwardToken"`
	NextBackwardToken string           `json:"nextBackwardToken"`
}

// OutputLogEvent is an event of one stream.
type OutputLogEvent struct {
	IngestionTime int64  `json:"ingestionTime"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

// The directions of GetLogEvents' tokens.
const (
	forward  = "f/"
	backward = "b/"
)

// GetLogEvents reads one stream, from either end.
func (s *Service) GetLogEvents(ctx context.Context, in *GetLogEventsInput) (*GetLogEventsOutput, error) {
	limit, err := pageLimit(in.Limit, maximumPage)
	if err != nil {
		return nil, err
	}
	start := position{at: orElse(in.StartTime, math.MinInt64)}
	end := position{at: orElse(in.EndTime, math.MaxInt64)}
	ahead := in.StartFromHead
	from := end
	if ahead {
		from = start
	}
	if in.NextToken != "" {
		if from, ahead, err = parseToken(in.NextToken); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group, err := s.group(ctx, "logs:GetLogEvents", in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if group.streams[in.LogStreamName] == nil {
		return nil, errUnknownStream()
	}
	wanted := func(e event) bool {
		return e.stream == in.LogStreamName && e.position.compare(start) >= 0 && e.position.compare(end) < 0
	}
	var found []event
	if ahead {
		found, _ = group.after(from, limit, wanted)
	} else {
		found = group.before(from, limit, wanted)
	}
	if len(found) == 0 && in.NextToken == "" {
		// What is logged later comes after the start.
		from = start
	}
	return page(found, from), nil
}

func page(found []event, from position) *GetLogEventsOutput {
	out := &GetLogEventsOutput{
		Events:            make([]OutputLogEvent, len(found)),
		NextForwardToken:  forward + from.String(),
		NextBackwardToken: backward + from.String(),
	}
	for i, e := range found {
		out.Events[i] = OutputLogEvent{e.ingested, e.message, e.position.at}
	}
	if len(found) > 0 {
		next := found[len(found)-1].position
		next.sequence++
		out.NextForwardToken = forward + next.String()
		out.NextBackwardToken = backward + found[0].position.String()
	}
	return out
}

func parseToken(token string) (from position, ahead bool, err error) {
	text, ahead := strings.CutPrefix(token, forward)
	if !ahead {
		var ok bool
		if text, ok = strings.CutPrefix(token, backward); !ok {
			return position{}, false, errInvalidToken()
		}
	}
	from, err = parsePosition(text)
	return from, ahead, err
}
