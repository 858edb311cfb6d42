package eventbridge

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/wire"
)

// API is EventBridge's wire protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "AWSEvents",
		ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"PutEvents":         wire.Op(s.PutEvents),
			"ListEventBuses":    list(s, "ListEventBuses", "EventBuses", s.listBuses),
			"DescribeEventBus":  wire.Locked(s.lock, s.describeBus),
			"DescribeRule":      wire.Op(s.DescribeRule),
			"ListTargetsByRule": wire.Locked(s.lock, s.listTargets),
			"DescribeArchive":   wire.Op(s.DescribeArchive),
			"StartReplay":       wire.Op(s.StartReplay),
			"DescribeReplay":    wire.Op(s.DescribeReplay),
			"ListRules":         list(s, "ListRules", "Rules", s.listRules),
			"ListArchives":      list(s, "ListArchives", "Archives", s.listArchives),
			"ListReplays":       list(s, "ListReplays", "Replays", s.listReplays),
			"TestEventPattern":  wire.Op(s.testPattern),
		},
	}
}

func (s *Service) lock() sync.Locker { return s.mu.RLocker() }

func (s *Service) allow(ctx context.Context, action, resource string) error {
	return s.config.Authorize.Check(ctx, "events:"+action, resource, nil)
}

// busName is a name or an ARN; without it the default bus is meant.
type busName = *string

type describeBusInput struct{ Name busName }

type busDescription struct{ Name, Arn string }

func (s *Service) describeBus(ctx context.Context, in *describeBusInput) (*busDescription, error) {
	if err := s.allow(ctx, "DescribeEventBus", s.busOf(in.Name)); err != nil {
		return nil, err
	}
	on, err := s.bus(in.Name)
	if err != nil {
		return nil, err
	}
	return &busDescription{on.Name, on.ARN}, nil
}

func (s *Service) listBuses(in *listInput) (found []busDescription, err error) {
	for _, arn := range slices.Sorted(maps.Keys(s.buses)) {
		if on := s.buses[arn]; strings.HasPrefix(on.Name, in.NamePrefix) {
			found = append(found, busDescription{on.Name, on.ARN})
		}
	}
	return found, nil
}

// bus returns the bus that a request names.
func (s *Service) bus(name busName) (*eventBus, error) {
	on := s.buses[s.busOf(name)]
	if on == nil {
		return nil, errUnknownBus(s.busOf(name))
	}
	return on, nil
}

type testPatternInput struct{ Event, EventPattern string }

type testPatternOutput struct{ Result bool }

// testPattern reports whether an event matches a pattern.
func (s *Service) testPattern(ctx context.Context, in *testPatternInput) (*testPatternOutput, error) {
	if err := s.allow(ctx, "TestEventPattern", "*"); err != nil {
		return nil, err
	}
	parsed, err := parsePattern([]byte(in.EventPattern))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(in.Event), &fields); err != nil {
		return nil, wire.ValidationError("Parameter Event is not valid. Reason: %s", err)
	}
	for _, required := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if fields[required] == nil {
			return nil, wire.ValidationError("Parameter Event is not valid. Reason: the field %s is missing.", required)
		}
	}
	prepared, err := pattern.Prepare([]byte(in.Event))
	if err != nil {
		return nil, wire.ValidationError("Parameter Event is not valid. Reason: %s", err)
	}
	return &testPatternOutput{parsed.Match(prepared)}, nil
}

// parsePattern parses a pattern, unless there is none.
func parsePattern(text json.RawMessage) (*pattern.Pattern, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // Without a pattern there is nothing to match.
	}
	parsed, err := pattern.Parse(text)
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "%s", err)
	}
	return parsed, nil
}

// maximumList is how many resources are on a page.
const maximumList = 100

// listInput is the request for a list. Each list has some of the conditions: the bus of
// rules, the source of archives and replays, and their state.
type listInput struct {
	NamePrefix     string
	EventBusName   busName
	EventSourceArn string
	State          string
	NextToken      string
	Limit          *int
}

func (in *listInput) wants(name, source, state string) bool {
	return strings.HasPrefix(name, in.NamePrefix) &&
		(in.EventSourceArn == "" || in.EventSourceArn == source) && (in.State == "" || in.State == state)
}

// list returns the operation that returns pages of all in a member. None of these actions
// is limited to resources.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
func list[T any](s *Service, action, member string, all func(in *listInput) ([]T, error)) wire.Operation {
	return wire.Locked(s.lock, func(ctx context.Context, in *listInput) (*map[string]any, error) {
		if err := s.allow(ctx, action, "*"); err != nil {
			return nil, err
		}
		found, err := all(in)
		if err != nil {
			return nil, err
		}
		page, next, err := wire.Page(slices.Concat([]T{}, found), in.NextToken, in.Limit, maximumList)
		out := map[string]any{member: page}
		if next != "" {
			out["NextToken"] = next
		}
		return &out, err
	})
}
