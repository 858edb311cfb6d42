package replay

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"example.com/saga/operator/letter"
)

// Matcher is the part of the EventBridge client that knows what a rule matches.
type Matcher interface {
	TestEventPattern(context.Context, *eventbridge.TestEventPatternInput, ...func(*eventbridge.Options)) (*eventbridge.TestEventPatternOutput, error)
}

// Letters gives, of events in their envelopes, those that come here by the rules'
// patterns: as the letters that the rules write if they cannot deliver, because
// a letter is what redrive delivers. Each letter has an id of its own, made by
// newID. It needs the permission events:TestEventPattern.
func (d Destination) Letters(ctx context.Context, client Matcher, events []string, newID func() string) ([]letter.Letter, error) {
	var letters []letter.Letter
	for _, event := range events {
		for _, rule := range d.Rules {
			out, err := client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{Event: &event, EventPattern: &rule.Pattern})
			if err != nil {
				return nil, fmt.Errorf("ask whether %s matches an event: %w", rule.Path, err)
			}
			if !out.Result {
				continue
			}
			for _, target := range rule.Targets {
				letters = append(letters, letter.OfRule(newID(), event, rule.ARN, target))
			}
		}
	}
	return letters, nil
}
