package deadletter

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Source is a queue whose redrive policy names a dead-letter queue.
type Source struct {
	Name, URL, ARN string
	DeadLetterARN  string
	// MaximumReceives is how often a message is received before it is moved to the
	// dead-letter queue.
	MaximumReceives int
}

// Sources are the queues of a stack that have a dead-letter queue.
type Sources []Source

// FindSources reads the redrive policies of queues, given as URLs by name.
func FindSources(ctx context.Context, client Describer, queues map[string]string) (Sources, error) {
	var sources Sources
	for _, name := range slices.Sorted(maps.Keys(queues)) {
		url := queues[name]
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameQueueArn, types.QueueAttributeNameRedrivePolicy,
			},
		})
		if err != nil {
			return nil, fmt.Errorf("get the redrive policy of %s: %w", name, err)
		}
		policy, has := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]
		if !has {
			continue
		}
		var redrive struct {
			Target          string      `json:"deadLetterTargetArn"`
			MaximumReceives json.Number `json:"maxReceiveCount"`
		}
		if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
			return nil, fmt.Errorf("read the redrive policy of %s: %w", name, err)
		}
		receives, err := redrive.MaximumReceives.Int64()
		if err != nil {
			return nil, fmt.Errorf("read the redrive policy of %s: %w", name, err)
		}
		sources = append(sources, Source{
			Name: name, URL: url, ARN: out.Attributes[string(types.QueueAttributeNameQueueArn)],
			DeadLetterARN: redrive.Target, MaximumReceives: int(receives),
		})
	}
	return sources, nil
}
