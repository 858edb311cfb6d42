package eventbridge_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/localcloud/eventbridge"
)

func TestTheTargetsOfARuleAreListed(t *testing.T) {
	const queue, destination = queueARN, "arn:aws:events:eu-west-1:111122223333:api-destination/shop/1"
	service := start(t, config(map[string]eventbridge.Deliverer{eventbridge.KindQueue: &inbox{}, eventbridge.KindDestination: &inbox{}}, &deadBox{}), eventbridge.Rule{
		Name: "consume", ARN: globalARN + "/consume", BusARN: globalARN, Pattern: []byte(everything), Enabled: true,
		Targets: []eventbridge.Target{
			{ID: "queue", ARN: queue, InputPath: new("$.detail"), MessageGroupID: "$.detail.subject", DeadLetterARN: deadARN},
			{
				ID: "destination", ARN: destination, RoleARN: roleARN, HTTP: &eventbridge.HTTPParameters{Header: map[string]string{"X": "y"}},
				Transformer: &eventbridge.InputTransformer{Paths: map[string]string{"id": "$.detail.id"}, Template: `{"id": <id>}`},
			},
		},
	})
	out, err := client(t, service).ListTargetsByRule(t.Context(), &awseventbridge.ListTargetsByRuleInput{
		Rule: aws.String("consume"), EventBusName: aws.String("global"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.Target{
		{
			Id: aws.String("queue"), Arn: aws.String(queue), InputPath: aws.String("$.detail"),
			SqsParameters:    &types.SqsParameters{MessageGroupId: aws.String("$.detail.subject")},
			DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(deadARN)},
		},
		{
			Id: aws.String("destination"), Arn: aws.String(destination), RoleArn: aws.String(roleARN),
			HttpParameters:   &types.HttpParameters{HeaderParameters: map[string]string{"X": "y"}},
			InputTransformer: &types.InputTransformer{InputPathsMap: map[string]string{"id": "$.detail.id"}, InputTemplate: aws.String(`{"id": <id>}`)},
		},
	}
	ignore := cmpopts.IgnoreUnexported(types.Target{}, types.SqsParameters{}, types.DeadLetterConfig{}, types.HttpParameters{},
		types.InputTransformer{}, types.RetryPolicy{})
	if diff := cmp.Diff(want, out.Targets, ignore); diff != "" {
		t.Errorf("the targets (-want +got):\n%s", diff)
	}
}

func TestTargetsOfWhatIsNotThereAreAnError(t *testing.T) {
	service := start(t, config(nil, nil))
	for _, name := range []string{"global", "nowhere"} {
		_, err := client(t, service).ListTargetsByRule(t.Context(), &awseventbridge.ListTargetsByRuleInput{Rule: aws.String("gone"), EventBusName: &name})
		if codeOf(err) != "ResourceNotFoundException" {
			t.Errorf("on the bus %s: the error is %v", name, err)
		}
	}
}
