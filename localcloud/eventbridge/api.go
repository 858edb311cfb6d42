package eventbridge

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

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
			"ListEventBuses":    wire.Op(s.ListEventBuses),
			"DescribeEventBus":  wire.Op(s.DescribeEventBus),
			"DescribeRule":      wire.Op(s.DescribeRule),
			"ListTargetsByRule": wire.Op(s.ListTargetsByRule),
			"DescribeArchive":   wire.Op(s.DescribeArchive),
			"StartReplay":       wire.Op(s.StartReplay),
			"DescribeReplay":    wire.Op(s.DescribeReplay),
			"ListRules":         wire.Op(s.ListRules),
			"ListArchives":      wire.Op(s.ListArchives),
			"ListReplays":       wire.Op(s.ListReplays),
			"TestEventPattern":  wire.Op(s.TestEventPattern),
		},
	}
}

// ListEventBusesInput is ListEventBuses' request. All buses are on one page.
type ListEventBusesInput struct {
	NamePrefix string
}

// ListEventBusesOutput is ListEventBuses' response.
type ListEventBusesOutput struct {
	EventBuses []DescribeEventBusOutput
}

// DescribeEventBusInput is DescribeEventBus' request: a name or an ARN; without
// it the default bus is meant.
type DescribeEventBusInput struct {
	Name *string
}

// DescribeEventBusOutput describes a bus.
type DescribeEventBusOutput struct {
	Name string
	Arn  string
}

// TestEventPatternInput is TestEventPattern's request.
type TestEventPatternInput struct {
	Event        string
	EventPattern string
}

// TestEventPatternOutput is TestEventPattern's response.
type TestEventPatternOutput struct {
	Result bool
}

// ListEventBuses lists the buses by name.
func (s *Service) ListEventBuses(ctx context.Context, in *ListEventBusesInput) (*ListEventBusesOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListEventBuses", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &ListEventBusesOutput{EventBuses: []DescribeEventBusOutput{}}
	for _, on := range s.buses {
		if strings.HasPrefix(on.Name, in.NamePrefix) {
			out.EventBuses = append(out.EventBuses, DescribeEventBusOutput{on.Name, on.ARN})
		}
	}
	slices.SortFunc(out.EventBuses, func(a, b DescribeEventBusOutput) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// DescribeEventBus describes one bus.
func (s *Service) DescribeEventBus(ctx context.Context, in *DescribeEventBusInput) (*DescribeEventBusOutput, error) {
	arn := s.busOf(PutEventsEntry{EventBusName: in.Name})
	if err := s.config.Authorize.Check(ctx, "events:DescribeEventBus", arn, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	on := s.buses[arn]
	if on == nil {
		return nil, errUnknownBus(arn)
	}
	return &DescribeEventBusOutput{on.Name, on.ARN}, nil
}

// TestEventPattern reports whether an event matches a pattern.
func (s *Service) TestEventPattern(ctx context.Context, in *TestEventPatternInput) (*TestEventPatternOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:TestEventPattern", "*", nil); err != nil {
		return nil, err
	}
	parsed, err := pattern.Parse([]byte(in.EventPattern))
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "%s", err)
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
	return &TestEventPatternOutput{Result: parsed.Match(prepared)}, nil
}
