package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/letter"
)

// envelope is an event as EventBridge has it.
type envelope struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// undelivered is a letter of a rule.
type undelivered struct {
	letter.Letter
	envelope

	rule, bus string
	target    arn.ARN
}

// readUndelivered reads a letter of a rule. The rule's ARN ends with
// rule/BUS/NAME, or rule/NAME on the default bus.
func readUndelivered(l letter.Letter) (undelivered, error) {
	u := undelivered{Letter: l}
	rule, err := arn.Parse(l.Attribute(letter.RuleARN))
	if err != nil {
		return u, fmt.Errorf("%s: %w", letter.RuleARN, err)
	}
	if u.target, err = arn.Parse(l.Attribute(letter.TargetARN)); err != nil {
		return u, fmt.Errorf("%s: %w", letter.TargetARN, err)
	}
	switch parts := strings.Split(rule.Resource, "/"); {
	case len(parts) == 2 && parts[0] == "rule":
		u.bus, u.rule = "default", parts[1]
	case len(parts) == 3 && parts[0] == "rule":
		u.bus, u.rule = parts[1], parts[2]
	default:
		return u, fmt.Errorf("%s: %s is not a rule", letter.RuleARN, rule)
	}
	if err := json.Unmarshal([]byte(l.Body), &u.envelope); err != nil {
		return u, fmt.Errorf("it is not an event of EventBridge: %w", err)
	}
	if u.Source == "" || u.DetailType == "" || u.Detail == nil {
		return u, errors.New("it is not an event of EventBridge: it lacks source, detail-type or detail")
	}
	return u, nil
}

// wayOfRule finds the way back of what a rule could not deliver: to the rule's
// target, as the rule would have sent it. Where nobody but a rule can deliver,
// as to an API destination or a log group, the event is published on the
// rule's bus again. All who listen there get it a second time, which does no
// harm: they know it by its id.
func (r *Redriver) wayOfRule(ctx context.Context, l letter.Letter) (way, error) {
	u, err := readUndelivered(l)
	if err != nil {
		return way{}, err
	}
	kind, name, _ := strings.Cut(u.target.Resource, "/")
	switch {
	case u.target.Service == "sqs":
		return r.wayToQueue(ctx, u)
	case u.target.Service == "lambda":
		target, err := r.targetOf(ctx, u)
		if err != nil {
			return way{}, err
		}
		payload, err := u.input(target)
		if err != nil {
			return way{}, err
		}
		return r.toFunction(u.target.String(), payload)
	case u.target.Service == "events" && kind == "event-bus":
		return r.toBus(name, u.target.String(), u.envelope), nil
	case u.target.Service == "events" && kind == "api-destination", u.target.Service == "logs":
		return r.toBus(u.bus, u.bus, u.envelope), nil
	}
	return way{}, fmt.Errorf("redriving to a target such as %s is not supported", u.target)
}

func (r *Redriver) wayToQueue(ctx context.Context, u undelivered) (way, error) {
	target, err := r.targetOf(ctx, u)
	if err != nil {
		return way{}, err
	}
	body, err := u.input(target)
	if err != nil {
		return way{}, err
	}
	group, err := u.group(target)
	if err != nil {
		return way{}, err
	}
	out, err := r.Queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{
		QueueName: &u.target.Resource, QueueOwnerAWSAccountId: &u.target.AccountID,
	})
	if err != nil {
		return way{}, fmt.Errorf("find queue %s: %w", u.target.Resource, err)
	}
	return r.toQueue(message{url: aws.ToString(out.QueueUrl), body: body, group: group, letter: u.Letter}, u.target.Resource)
}

// targetOf asks the rule how it delivers to the target.
func (r *Redriver) targetOf(ctx context.Context, u undelivered) (types.Target, error) {
	in := &eventbridge.ListTargetsByRuleInput{Rule: &u.rule, EventBusName: &u.bus}
	for {
		out, err := r.Buses.ListTargetsByRule(ctx, in)
		if err != nil {
			return types.Target{}, fmt.Errorf("ask rule %s for its targets: %w", u.rule, err)
		}
		for _, target := range out.Targets {
			if aws.ToString(target.Arn) == u.target.String() {
				return target, nil
			}
		}
		if out.NextToken == nil {
			return types.Target{}, fmt.Errorf("rule %s has no longer the target %s", u.rule, u.target)
		}
		in.NextToken = out.NextToken
	}
}

// input is what the rule gives to the target.
func (u undelivered) input(target types.Target) (string, error) {
	switch {
	case target.InputTransformer != nil:
		return "", fmt.Errorf("rule %s transforms its input, which redriving does not support", u.rule)
	case target.Input != nil:
		return *target.Input, nil
	case target.InputPath == nil:
		return u.Body, nil
	case *target.InputPath == "$.detail":
		return string(u.Detail), nil
	}
	return "", fmt.Errorf("rule %s has the input path %s, which redriving does not support", u.rule, *target.InputPath)
}

// group is the message group that the rule asks for, if any.
func (u undelivered) group(target types.Target) (string, error) {
	if target.SqsParameters == nil {
		return "", nil
	}
	group := aws.ToString(target.SqsParameters.MessageGroupId)
	if !strings.HasPrefix(group, "$") {
		return group, nil
	}
	var detail struct {
		Subject string `json:"subject"`
	}
	if err := json.Unmarshal(u.Detail, &detail); err != nil || group != "$.detail.subject" {
		return "", errors.Join(fmt.Errorf("rule %s has the message group %s, which redriving does not support", u.rule, group), err)
	}
	return detail.Subject, nil
}

// toBus publishes the event again. EventBridge gives it another envelope; the
// event within is the same to the last byte.
func (r *Redriver) toBus(name, busID string, e envelope) way {
	return way{"bus " + name, func(ctx context.Context) error {
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
