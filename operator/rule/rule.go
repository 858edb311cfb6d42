// Package rule reads the rules of a stack as EventBridge has them.
package rule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Rule is a rule of a stack.
type Rule struct {
	// Path is its construct path.
	Path string
	ARN  string
	// Bus and Name are those with which it was found.
	Bus, Name string
	Pattern   string
	Targets   []types.Target
}

// Describer is the part of the EventBridge client that describes rules.
type Describer interface {
	DescribeRule(context.Context, *eventbridge.DescribeRuleInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeRuleOutput, error)
	ListTargetsByRule(context.Context, *eventbridge.ListTargetsByRuleInput, ...func(*eventbridge.Options)) (*eventbridge.ListTargetsByRuleOutput, error)
}

// Matcher is the part of the EventBridge client that matches events.
type Matcher interface {
	TestEventPattern(context.Context, *eventbridge.TestEventPatternInput, ...func(*eventbridge.Options)) (*eventbridge.TestEventPatternOutput, error)
}

// Describe reads a rule, given by its construct path and as CloudFormation names
// it: the names of bus and rule with a | between them, on the default bus the
// rule's alone. It needs the permissions events:DescribeRule and
// events:ListTargetsByRule.
func Describe(ctx context.Context, client Describer, path, reference string) (Rule, error) {
	bus, name, found := strings.Cut(reference, "|")
	if !found {
		bus, name = "default", reference
	}
	out, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
	if err != nil {
		return Rule{}, fmt.Errorf("describe the rule %s: %w", path, err)
	}
	r := Rule{Path: path, ARN: aws.ToString(out.Arn), Bus: bus, Name: name, Pattern: aws.ToString(out.EventPattern)}
	in := &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus}
	for {
		page, err := client.ListTargetsByRule(ctx, in)
		if err != nil {
			return Rule{}, fmt.Errorf("list the targets of the rule %s: %w", path, err)
		}
		r.Targets = append(r.Targets, page.Targets...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return r, nil
		}
	}
}

// DescribeAll reads rules, given as CloudFormation names them by their construct
// paths, and returns those that are still there.
func DescribeAll(ctx context.Context, client Describer, references map[string]string) ([]Rule, error) {
	var all []Rule
	for _, path := range slices.Sorted(maps.Keys(references)) {
		r, err := Describe(ctx, client, path, references[path])
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Matches reports whether the rule matches an event, whole in its envelope. It
// needs the permission events:TestEventPattern.
func (r Rule) Matches(ctx context.Context, client Matcher, event string) (bool, error) {
	out, err := client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{Event: &event, EventPattern: &r.Pattern})
	if err != nil {
		return false, fmt.Errorf("test an event against the pattern of the rule %s: %w", r.Path, err)
	}
	return out.Result, nil
}
