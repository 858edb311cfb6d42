package cloudwatchlogs

import (
	"context"
	"slices"

	"example.com/saga/localcloud/wire"
)

const (
	maximumPage = 10_000
	// maximumPageSize is how many bytes of messages fit on one page.
	maximumPageSize = 1 << 20
)

// after returns the first matching events from a position on, and whether there
// are more.
func (g *group) after(from position, limit int, wanted func(event) bool) (found []event, more bool) {
	index, _ := slices.BinarySearchFunc(g.events, from, byPosition)
	size := 0
	for _, e := range g.events[index:] {
		if !wanted(e) {
			continue
		}
		size += len(e.message)
		if len(found) == limit || (size > maximumPageSize && len(found) > 0) {
			return found, true
		}
		found = append(found, e)
	}
	return found, false
}

// before returns the last matching events before a position.
func (g *group) before(until position, limit int, wanted func(event) bool) []event {
	index, _ := slices.BinarySearchFunc(g.events, until, byPosition)
	var found []event
	size := 0
	for _, e := range slices.Backward(g.events[:index]) {
		if !wanted(e) {
			continue
		}
		size += len(e.message)
		if len(found) == limit || (size > maximumPageSize && len(found) > 0) {
			break
		}
		found = append(found, e)
	}
	slices.Reverse(found)
	return found
}

// group returns the group of a request, if its caller is allowed to use it.
// Exactly one of the name and the identifier, which may be an ARN, is given.
func (s *Service) group(ctx context.Context, action, name, identifier string) (*group, error) {
	if (name == "") == (identifier == "") {
		return nil, wire.Errorf("InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be given.")
	}
	if name == "" {
		name = groupOf(identifier)
	}
	if err := s.config.Authorize.Check(ctx, action, s.ARN(name)+":*", nil); err != nil {
		return nil, err
	}
	found := s.groups[name]
	if found == nil {
		return nil, errUnknownGroup()
	}
	found.trim(s.config.Clock(), s.config.EventsPerGroup)
	return found, nil
}

func pageLimit(given *int, maximum int) (int, error) {
	limit := orElse(given, maximum)
	if limit < 1 || limit > maximum {
		return 0, wire.Errorf("InvalidParameterException", "1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, maximum)
	}
	return limit, nil
}

func orElse[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}
