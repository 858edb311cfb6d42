package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/rule"
	"example.com/saga/pkg/ijson"
)

// envelope is an event as EventBridge has it.
type envelope struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// undelivered is what a rule could not deliver to a target.
type undelivered struct {
	deadletter.Message
	envelope

	rule   rule.Rule
	target types.Target
	arn    arn.ARN
}

// readUndelivered reads a dead letter of a rule. Its attributes select among the rules
// of the stack and their targets, so an ARN of another account or region is never used.
func (r *Redriver) readUndelivered(m deadletter.Message) (undelivered, error) {
	u := undelivered{Message: m}
	ruleARN, targetARN := m.Attribute(deadletter.RuleARN), m.Attribute(deadletter.TargetARN)
	index := slices.IndexFunc(r.Rules, func(known rule.Rule) bool { return known.ARN == ruleARN })
	if index < 0 {
		return u, fmt.Errorf("%s: the stack has no rule %q", deadletter.RuleARN, ruleARN)
	}
	u.rule = r.Rules[index]
	targets := slices.DeleteFunc(slices.Clone(u.rule.Targets), func(target types.Target) bool { return aws.ToString(target.Arn) != targetARN })
	if len(targets) != 1 {
		return u, fmt.Errorf("%s: rule %s has %d targets %q", deadletter.TargetARN, u.rule.Path, len(targets), targetARN)
	}
	u.target = targets[0]
	var err error
	if u.arn, err = arn.Parse(targetARN); err != nil {
		return u, fmt.Errorf("%s: %w", deadletter.TargetARN, err)
	}
	// JSON that two parsers read differently may match the rule with another content
	// than the target gets.
	if err := ijson.Check([]byte(m.Body)); err != nil {
		return u, fmt.Errorf("it is not an event of EventBridge: %w", err)
	}
	if err := json.Unmarshal([]byte(m.Body), &u.envelope); err != nil {
		return u, fmt.Errorf("it is not an event of EventBridge: %w", err)
	}
	if u.Source == "" || u.DetailType == "" || u.Detail == nil {
		return u, errors.New("it is not an event of EventBridge: it lacks source, detail-type or detail")
	}
	return u, nil
}

// routeOfRule returns the route of a dead letter of a rule in the queue with the given
// ARN. It must be possible that the rule has sent it: the rule's target has this
// dead-letter queue, and the rule matches the event.
func (r *Redriver) routeOfRule(ctx context.Context, queue string, m deadletter.Message) (route, error) {
	u, err := r.readUndelivered(m)
	if err != nil {
		return route{}, err
	}
	if config := u.target.DeadLetterConfig; config == nil || aws.ToString(config.Arn) != queue {
		return route{}, fmt.Errorf("rule %s did not send it: its target %s has another dead-letter queue", u.rule.Path, u.arn)
	}
	matches, err := u.rule.Matches(ctx, r.Buses, m.Body)
	if err != nil {
		return route{}, err
	}
	if !matches {
		return route{}, fmt.Errorf("rule %s does not match the event", u.rule.Path)
	}
	return r.routeToTarget(ctx, u)
}

// routeToTarget returns the route of an event to a rule's target, as the rule would
// have sent it. To an API destination or a log group only a rule can deliver, so the
// event is published on the rule's bus again. All rules there deliver it a second
// time, which does no harm: every consumer recognises its id.
func (r *Redriver) routeToTarget(ctx context.Context, u undelivered) (route, error) {
	kind, name, _ := strings.Cut(u.arn.Resource, "/")
	switch {
	case u.arn.Service == "sqs":
		return r.routeToQueue(ctx, u)
	case u.arn.Service == "lambda":
		payload, err := u.input()
		if err != nil {
			return route{}, err
		}
		return r.toFunction(u.arn.String(), payload)
	case u.arn.Service == "events" && kind == "event-bus":
		return r.toBus(name, u.arn.String(), u.envelope), nil
	case u.arn.Service == "events" && kind == "api-destination", u.arn.Service == "logs":
		return r.toBus(u.rule.Bus, u.rule.Bus, u.envelope), nil
	}
	return route{}, fmt.Errorf("redriving to a target such as %s is not supported", u.arn)
}

func (r *Redriver) routeToQueue(ctx context.Context, u undelivered) (route, error) {
	body, err := u.input()
	if err != nil {
		return route{}, err
	}
	group, err := u.group()
	if err != nil {
		return route{}, err
	}
	out, err := r.Queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{
		QueueName: &u.arn.Resource, QueueOwnerAWSAccountId: &u.arn.AccountID,
	})
	if err != nil {
		return route{}, fmt.Errorf("find queue %s: %w", u.arn.Resource, err)
	}
	m := u.Message
	m.Attributes = nil // EventBridge sends none.
	return r.toQueue(message{url: aws.ToString(out.QueueUrl), body: body, group: group, dead: m}, u.arn.Resource)
}

// input returns what the rule sends to the target.
func (u undelivered) input() (string, error) {
	switch {
	case u.target.InputTransformer != nil:
		return "", fmt.Errorf("rule %s transforms its input, which redriving does not support", u.rule.Path)
	case u.target.Input != nil:
		return *u.target.Input, nil
	case u.target.InputPath == nil:
		return u.Body, nil
	case *u.target.InputPath == "$.detail":
		return string(u.Detail), nil
	}
	return "", fmt.Errorf("rule %s has the input path %s, which redriving does not support", u.rule.Path, *u.target.InputPath)
}

// group returns the message group that the rule sets, if any.
func (u undelivered) group() (string, error) {
	if u.target.SqsParameters == nil {
		return "", nil
	}
	group := aws.ToString(u.target.SqsParameters.MessageGroupId)
	if !strings.HasPrefix(group, "$") {
		return group, nil
	}
	var detail struct {
		Subject string `json:"subject"`
	}
	if err := json.Unmarshal(u.Detail, &detail); err != nil || group != "$.detail.subject" {
		return "", errors.Join(fmt.Errorf("rule %s has the message group %s, which redriving does not support", u.rule.Path, group), err)
	}
	return detail.Subject, nil
}

// toBus publishes the event again. EventBridge makes another envelope; the event in it
// is the same to the last byte.
func (r *Redriver) toBus(name, busID string, e envelope) route {
	return route{"bus " + name, "", func(ctx context.Context) error {
		out, err := r.Buses.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
			EventBusName: &busID, Source: &e.Source, DetailType: &e.DetailType, Detail: aws.String(string(e.Detail)),
			Time: &e.Time, Resources: e.Resources,
		}}})
		if err != nil {
			return fmt.Errorf("publish on bus %s: %w", name, err)
		}
		if out.FailedEntryCount > 0 && len(out.Entries) == 1 {
			return fmt.Errorf("publish on bus %s: %s: %s", name, aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage))
		}
		if out.FailedEntryCount > 0 {
			return fmt.Errorf("publish on bus %s: it was not accepted", name)
		}
		return nil
	}}
}
