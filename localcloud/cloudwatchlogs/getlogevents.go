package cloudwatchlogs

import (
	"context"
	"iter"
	"math"
	"slices"
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

const (
	maximumPage = 10_000
	// maximumPageSize is how many bytes of messages fit on one page.
	maximumPageSize = 1 << 20
)

// after returns the first matching events from a position on, and whether there are more.
func (g *group) after(from position, limit int, wanted func(*event) bool) (found []*event, more bool) {
	index, _ := slices.BinarySearchFunc(g.events, from, byPosition)
	return pageOf(slices.All(g.events[index:]), limit, wanted)
}

// before returns the last matching events before a position.
func (g *group) before(until position, limit int, wanted func(*event) bool) []*event {
	index, _ := slices.BinarySearchFunc(g.events, until, byPosition)
	found, _ := pageOf(slices.Backward(g.events[:index]), limit, wanted)
	slices.Reverse(found)
	return found
}

func pageOf(events iter.Seq2[int, *event], limit int, wanted func(*event) bool) (found []*event, more bool) {
	size := 0
	for _, e := range events {
		if !wanted(e) {
			continue
		}
		size += e.message.Size()
		if len(found) == limit || (size > maximumPageSize && len(found) > 0) {
			return found, true
		}
		found = append(found, e)
	}
	return found, false
}

// groupName is a group by its name or its identifier, which may be an ARN: exactly one
// of them is given.
type groupName struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
}

// group returns the group of a request, if its caller is allowed to use it.
func (s *Service) group(ctx context.Context, action string, given groupName) (*group, error) {
	if (given.LogGroupName == "") == (given.LogGroupIdentifier == "") {
		return nil, invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
	}
	name := given.LogGroupName + groupOf(given.LogGroupIdentifier)
	if err := s.config.Authorize.Check(ctx, action, s.ARN(name)+":*", nil); err != nil {
		return nil, err
	}
	found := s.groups[name]
	if found == nil {
		return nil, errUnknownGroup()
	}
	found.trim(s.config.Clock(), s.config)
	return found, nil
}

func pageLimit(given *int, maximum int) (int, error) {
	limit := wire.ValueOr(given, maximum)
	if limit < 1 || limit > maximum {
		return 0, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, maximum)
	}
	return limit, nil
}

func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func errInvalidToken() error { return invalid("The specified nextToken is invalid.") }
