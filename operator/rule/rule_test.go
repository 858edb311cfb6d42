package rule_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/operator/rule"
)

var errAway = errors.New("away")

// buses is a fake of EventBridge in which each rule but "gone" has two targets,
// each on a page of its own, and matches the events with its name in them.
type buses struct {
	// broken is the operation that fails.
	broken string
}

func (b buses) fail(operation string) error {
	if b.broken == operation {
		return errAway
	}
	return nil
}

func (b buses) DescribeRule(
	_ context.Context, in *eventbridge.DescribeRuleInput, _ ...func(*eventbridge.Options),
) (*eventbridge.DescribeRuleOutput, error) {
	if *in.Name == "gone" {
		return nil, &types.ResourceNotFoundException{Message: in.Name}
	}
	return &eventbridge.DescribeRuleOutput{Arn: aws.String("arn:" + *in.EventBusName + "/" + *in.Name), EventPattern: in.Name}, b.fail("DescribeRule")
}

func (b buses) ListTargetsByRule(
	_ context.Context, in *eventbridge.ListTargetsByRuleInput, _ ...func(*eventbridge.Options),
) (*eventbridge.ListTargetsByRuleOutput, error) {
	if in.NextToken == nil {
		first := types.Target{Arn: aws.String(*in.EventBusName + " " + *in.Rule + " one"), InputPath: aws.String("$.detail")}
		return &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{first}, NextToken: aws.String("more")}, b.fail("ListTargetsByRule")
	}
	return &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{{Arn: aws.String(*in.EventBusName + " " + *in.Rule + " two")}}}, nil
}

func (b buses) TestEventPattern(
	_ context.Context, in *eventbridge.TestEventPatternInput, _ ...func(*eventbridge.Options),
) (*eventbridge.TestEventPatternOutput, error) {
	return &eventbridge.TestEventPatternOutput{Result: strings.Contains(*in.Event, *in.EventPattern)}, b.fail("TestEventPattern")
}

func TestTheRulesOfAStackAreThoseThatAreStillThereWithAllTheirTargets(t *testing.T) {
	got, err := rule.DescribeAll(t.Context(), buses{}, map[string]string{
		"Shop/Consume": "global|consume", "Shop/Forward": "gone", "Bare/Consume": "alone", "Shop/Old": "global|gone",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []rule.Rule{
		{
			Path: "Bare/Consume", ARN: "arn:default/alone", Bus: "default", Name: "alone", Pattern: "alone",
			Targets: []types.Target{
				{Arn: aws.String("default alone one"), InputPath: aws.String("$.detail")}, {Arn: aws.String("default alone two")},
			},
		},
		{
			Path: "Shop/Consume", ARN: "arn:global/consume", Bus: "global", Name: "consume", Pattern: "consume",
			Targets: []types.Target{
				{Arn: aws.String("global consume one"), InputPath: aws.String("$.detail")}, {Arn: aws.String("global consume two")},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Target{})); diff != "" {
		t.Errorf("the rules (-want +got):\n%s", diff)
	}
}

func TestARuleThatCannotBeDescribedIsAnError(t *testing.T) {
	for _, operation := range []string{"DescribeRule", "ListTargetsByRule"} {
		_, err := rule.DescribeAll(t.Context(), buses{broken: operation}, map[string]string{"Shop/Consume": "global|consume"})
		if !errors.Is(err, errAway) || !strings.Contains(err.Error(), "Shop/Consume") {
			t.Errorf("%s: the error is %v", operation, err)
		}
	}
	if _, err := rule.Describe(t.Context(), buses{}, "Shop/Old", "global|gone"); err == nil {
		t.Error("a rule that is gone is described")
	}
}

func TestARuleMatchesWhatItsPatternMatches(t *testing.T) {
	consume := rule.Rule{Path: "Shop/Consume", Pattern: "placed"}
	for event, want := range map[string]bool{"it was placed": true, "it was paid": false} {
		if got, err := consume.Matches(t.Context(), buses{}, event); got != want || err != nil {
			t.Errorf("%s: %v, %v", event, got, err)
		}
	}
	if _, err := consume.Matches(t.Context(), buses{broken: "TestEventPattern"}, "it"); !errors.Is(err, errAway) || !strings.Contains(err.Error(), "Shop/Consume") {
		t.Errorf("the error is %v", err)
	}
}
