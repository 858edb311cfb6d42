package eventbridge

import (
	"context"
	"slices"
	"time"

	"example.com/saga/localcloud/wire"
)

// ListTargetsByRuleInput is ListTargetsByRule's request. Without a bus the
// default one is meant. All targets are on one page.
type ListTargetsByRuleInput struct {
	Rule         string
	EventBusName *string
}

// ListTargetsByRuleOutput is ListTargetsByRule's response.
type ListTargetsByRuleOutput struct {
	Targets []TargetDescription
}

// TargetDescription is the description of a target.
type TargetDescription struct {
	Id               string
	Arn              string
	RoleArn          string                       `json:",omitempty"`
	Input            *string                      `json:",omitempty"`
	InputPath        *string                      `json:",omitempty"`
	InputTransformer *InputTransformerDescription `json:",omitempty"`
	SqsParameters    *SqsParameters               `json:",omitempty"`
	HttpParameters   *HttpParameters              `json:",omitempty"`
	RetryPolicy      *RetryPolicyDescription      `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig            `json:",omitempty"`
}

// InputTransformerDescription is an input transformer.
type InputTransformerDescription struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

// SqsParameters are the parameters of a queue.
type SqsParameters struct {
	MessageGroupId string
}

// HttpParameters are the parameters of an API destination.
type HttpParameters struct {
	HeaderParameters      map[string]string `json:",omitempty"`
	QueryStringParameters map[string]string `json:",omitempty"`
	PathParameterValues   []string          `json:",omitempty"`
}

// RetryPolicyDescription ends the retries of a delivery.
type RetryPolicyDescription struct {
	MaximumRetryAttempts     int
	MaximumEventAgeInSeconds int
}

// DeadLetterConfig names a dead-letter queue.
type DeadLetterConfig struct {
	Arn string
}

// DescribeRuleInput is DescribeRule's request. Without a bus the default one is
// meant.
type DescribeRuleInput struct {
	Name         string
	EventBusName *string
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
	found, err := s.findRule(ctx, "events:DescribeRule", in.EventBusName, in.Name)
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
func (s *Service) findRule(ctx context.Context, action string, bus *string, name string) (*rule, error) {
	arn := s.busOf(PutEventsEntry{EventBusName: bus})
	s.mu.RLock()
	defer s.mu.RUnlock()
	on := s.buses[arn]
	if on == nil {
		return nil, errUnknownBus(arn)
	}
	index := slices.IndexFunc(on.rules, func(r *rule) bool { return r.Name == name })
	if index < 0 {
		return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", name, on.Name)
	}
	return on.rules[index], s.config.Authorize.Check(ctx, action, on.rules[index].ARN, nil)
}

// ListTargetsByRule lists the targets of a rule.
func (s *Service) ListTargetsByRule(ctx context.Context, in *ListTargetsByRuleInput) (*ListTargetsByRuleOutput, error) {
	found, err := s.findRule(ctx, "events:ListTargetsByRule", in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &ListTargetsByRuleOutput{Targets: []TargetDescription{}}
	for _, target := range found.Targets {
		out.Targets = append(out.Targets, target.describe())
	}
	return out, nil
}

func (t Target) describe() TargetDescription {
	described := TargetDescription{Id: t.ID, Arn: t.ARN, RoleArn: t.RoleARN, Input: t.Input, InputPath: t.InputPath}
	if t.Transformer != nil {
		described.InputTransformer = &InputTransformerDescription{t.Transformer.Paths, t.Transformer.Template}
	}
	if t.MessageGroupID != "" {
		described.SqsParameters = &SqsParameters{t.MessageGroupID}
	}
	if t.HTTP != nil {
		described.HttpParameters = &HttpParameters{t.HTTP.Header, t.HTTP.Query, t.HTTP.Path}
	}
	if t.Retry != (RetryPolicy{}) {
		described.RetryPolicy = &RetryPolicyDescription{t.Retry.MaximumAttempts, int(t.Retry.MaximumAge / time.Second)}
	}
	if t.DeadLetterARN != "" {
		described.DeadLetterConfig = &DeadLetterConfig{t.DeadLetterARN}
	}
	return described
}
