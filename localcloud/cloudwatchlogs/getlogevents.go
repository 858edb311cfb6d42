package cloudwatchlogs

import (
	"context"
	"math"
	"strings"

	"example.com/saga/localcloud/wire"
)

// getLogEventsInput is GetLogEvents' request. The start is included, the end is not.
type getLogEventsInput struct {
	groupName

	LogStreamName string `json:"logStreamName"`
	StartTime     *int64 `json:"startTime"`
	EndTime       *int64 `json:"endTime"`
	NextToken     string `json:"nextToken"`
	Limit         *int   `json:"limit"`
	StartFromHead bool   `json:"startFromHead"`
}

// getLogEventsOutput is GetLogEvents' response. A token that comes back
// unchanged means that there is nothing more in its direction.
type getLogEventsOutput struct {
	Events            []outputLogEvent `json:"events"`
	NextForwardToken  string           `json:"nextForwardToken"`
	NextBackwardToken string           `json:"nextBackwardToken"`
}

type outputLogEvent struct {
	IngestionTime int64  `json:"ingestionTime"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

func (g *group) output(e *event) outputLogEvent {
	return outputLogEvent{e.ingested, g.texts.Read(e.message), e.position.at}
}

// The directions of GetLogEvents' tokens.
const (
	forward  = "f/"
	backward = "b/"
)

// getLogEvents reads one stream, from either end.
func (s *Service) getLogEvents(ctx context.Context, in *getLogEventsInput) (*getLogEventsOutput, error) {
	limit, err := pageLimit(in.Limit, maximumPage)
	if err != nil {
		return nil, err
	}
	start := position{at: wire.ValueOr(in.StartTime, math.MinInt64)}
	end := position{at: wire.ValueOr(in.EndTime, math.MaxInt64)}
	from, ahead := end, in.StartFromHead
	if ahead {
		from = start
	}
	if in.NextToken != "" {
		if from, ahead, err = parseToken(in.NextToken); err != nil {
			return nil, err
		}
	}
	group, err := s.group(ctx, "logs:GetLogEvents", in.groupName)
	if err != nil {
		return nil, err
	}
	stream := group.streams[in.LogStreamName]
	if stream == nil {
		return nil, errUnknownStream()
	}
	wanted := func(e *event) bool {
		return e.stream == stream && e.position.compare(start) >= 0 && e.position.compare(end) < 0
	}
	var found []*event
	if ahead {
		found, _ = group.after(from, limit, wanted)
	} else {
		found = group.before(from, limit, wanted)
	}
	if len(found) == 0 && in.NextToken == "" {
		// What is logged later comes after the start.
		from = start
	}
	return group.page(found, from), nil
}

func (g *group) page(found []*event, from position) *getLogEventsOutput {
	out := &getLogEventsOutput{
		Events:            make([]outputLogEvent, len(found)),
		NextForwardToken:  forward + from.String(),
		NextBackwardToken: backward + from.String(),
	}
	for i, e := range found {
		out.Events[i] = g.output(e)
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
	if text, back := strings.CutPrefix(text, backward); ahead != back {
		from, err = parsePosition(text)
		return from, ahead, err
	}
	return position{}, false, errInvalidToken()
}
