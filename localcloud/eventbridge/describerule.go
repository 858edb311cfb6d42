package eventbridge

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// DescribeRuleInput is DescribeRule's request. Without a bus the default one is meant.
type DescribeRuleInput struct {
	Name         string
	EventBusName busName
}

// DescribeRuleOutput describes a rule.
type DescribeRuleOutput struct {
	Name               string
	Arn                string
	EventBusName       string
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
}

// DescribeRule describes one rule.
func (s *Service) DescribeRule(ctx context.Context, in *DescribeRuleInput) (*DescribeRuleOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, err := s.findRule(ctx, "DescribeRule", in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return found.describe(), nil
}

func (r *rule) describe() *DescribeRuleOutput {
	state := "DISABLED"
	if r.Enabled {
		state = "ENABLED"
	}
	return &DescribeRuleOutput{r.Name, r.ARN, resourceName(r.BusARN), string(r.Pattern), r.Schedule, state}
}

// findRule returns a rule, if the caller may do this with it.
func (s *Service) findRule(ctx context.Context, action string, bus busName, name string) (*rule, error) {
	on, err := s.bus(bus)
	if err != nil {
		return nil, err
	}
	for _, each := range on.rules {
		if each.Name == name {
			return each, s.allow(ctx, action, each.ARN)
		}
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", name, on.Name)
}

func (s *Service) listRules(in *listInput) (found []*DescribeRuleOutput, err error) {
	on, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	for _, each := range on.rules {
		if strings.HasPrefix(each.Name, in.NamePrefix) {
			found = append(found, each.describe())
		}
	}
	return found, nil
}

// listTargetsInput names a rule. All its targets are on one page.
type listTargetsInput struct {
	Rule         string
	EventBusName busName
}

type listTargetsOutput struct{ Targets []targetDescription }

func (s *Service) listTargets(ctx context.Context, in *listTargetsInput) (*listTargetsOutput, error) {
	found, err := s.findRule(ctx, "ListTargetsByRule", in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &listTargetsOutput{Targets: []targetDescription{}}
	for _, target := range found.Targets {
		out.Targets = append(out.Targets, target.describe())
	}
	return out, nil
}

// targetDescription is a target as the API has it.
type targetDescription struct {
	Target

	SqsParameters    map[string]string `json:",omitempty"`
	DeadLetterConfig map[string]string `json:",omitempty"`
}

func (t Target) describe() targetDescription {
	described := targetDescription{Target: t}
	if t.MessageGroupID != "" {
		described.SqsParameters = map[string]string{"MessageGroupId": t.MessageGroupID}
	}
	if t.DeadLetterARN != "" {
		described.DeadLetterConfig = map[string]string{"Arn": t.DeadLetterARN}
	}
	return described
}

// MarshalJSON returns the policy as the API has it.
func (p RetryPolicy) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]int{
		"MaximumRetryAttempts": p.MaximumAttempts, "MaximumEventAgeInSeconds": int(p.MaximumAge / time.Second),
	})
}
