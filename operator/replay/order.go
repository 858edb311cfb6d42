package replay

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/rule"
)

// DeadLetters returns those of the events, given in their envelopes, that match the
// destination's rules: in the form of the dead letters of those rules, which redrive can
// deliver. The id of each dead letter comes from newID. It needs the permission
// events:TestEventPattern.
func (d Destination) DeadLetters(ctx context.Context, client rule.Matcher, events []string, newID func() string) ([]deadletter.Message, error) {
	var all []deadletter.Message
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
				all = append(all, deadletter.OfRule(newID(), event, by.ARN, aws.ToString(target.Arn)))
			}
		}
	}
	return all, nil
}
