package cloudwatchlogs

import (
	"context"
	"iter"
	"slices"

	"example.com/saga/localcloud/wire"
)

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
