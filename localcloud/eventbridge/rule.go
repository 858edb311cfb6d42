package eventbridge

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// Rule sends the events of a bus that match its pattern, and those of its schedule, to
// its targets.
type Rule struct {
	Name   string
	ARN    string
	BusARN string
	// Pattern is the event pattern's JSON; nil if only a schedule triggers the rule.
	Pattern json.RawMessage
	// Schedule is the expression of the schedule that triggers the rule, which
	// something else follows; empty is none.
	Schedule string
	Enabled  bool
	Targets  []Target
}

// Target is where a rule delivers to, and what it delivers.
type Target struct {
	ID      string `json:"Id"`
	ARN     string `json:"Arn"`
	RoleARN string `json:"RoleArn,omitempty"`
	// Input, InputPath and Transformer exclude each other. Without any of them
	// the whole event is delivered.
	Input       *string           `json:",omitempty"`
	InputPath   *string           `json:",omitempty"`
	Transformer *InputTransformer `json:"InputTransformer,omitempty"`
	// MessageGroupID is a queue's message group: a literal, or a JSON path into
	// the original event.
	MessageGroupID string          `json:"-"`
	HTTP           *HTTPParameters `json:"HttpParameters,omitempty"`
	// Retry is AWS's default if it is zero.
	Retry         RetryPolicy `json:"RetryPolicy,omitzero"`
	DeadLetterARN string      `json:"-"`
}

// InputTransformer builds a target's input out of the event.
type InputTransformer struct {
	// Paths maps each variable to the JSON path of its value.
	Paths    map[string]string `json:"InputPathsMap,omitempty"`
	Template string            `json:"InputTemplate"`
}

// HTTPParameters are a target's parameters of an API destination. In a Target
// each value is a literal or a JSON path into the original event; in a Delivery
// the paths have been followed.
type HTTPParameters struct {
	Header map[string]string `json:"HeaderParameters,omitempty"`
	Query  map[string]string `json:"QueryStringParameters,omitempty"`
	// Path replaces the asterisks of the endpoint, in their order.
	Path []string `json:"PathParameterValues,omitempty"`
}

// RetryPolicy ends the retries of a delivery, whichever limit is reached first.
type RetryPolicy struct {
	MaximumAttempts int
	MaximumAge      time.Duration
}

// DefaultRetry is the policy of a target that has none: 185 retries within 24 hours.
func DefaultRetry() RetryPolicy {
	return RetryPolicy{MaximumAttempts: 185, MaximumAge: 24 * time.Hour}
}

// Counts are the results of the events that a rule matched.
type Counts struct {
	// Matched counts events; the others count deliveries, one per target.
	Matched   int `json:"matched"`
	Delivered int `json:"delivered"`
	// FailedAttempts counts every attempt that failed, also one whose retry succeeded.
	FailedAttempts int `json:"failedAttempts"`
	DeadLettered   int `json:"deadLettered"`
	// Dropped counts the failed deliveries without a dead-letter queue that
	// accepted them.
	Dropped int `json:"dropped"`
}

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
