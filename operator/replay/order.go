package replay

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/saga/operator/letter"
	"example.com/saga/operator/rule"
)

// Letters gives, of events in their envelopes, those that come here by the rules'
// patterns: as the letters that the rules write if they cannot deliver, because
// a letter is what redrive delivers. Each letter has an id of its own, made by
// newID. It needs the permission events:TestEventPattern.
func (d Destination) Letters(ctx context.Context, client rule.Matcher, events []string, newID func() string) ([]letter.Letter, error) {
	var letters []letter.Letter
	for _, event := range events {
		for _, by := range d.Rules {
			matches, err := by.Matches(ctx, client, event)
			if err != nil {
				return nil, err
			}
			if !matches {
				continue
			}
			for _, target := range by.Targets {
				letters = append(letters, letter.OfRule(newID(), event, by.ARN, aws.ToString(target.Arn)))
			}
		}
	}
	return letters, nil
}
