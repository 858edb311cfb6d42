package boundedcontext_test

import (
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/synthtest"
)

// Any key works: one of the CDK, or an imported one, whose policy the CDK cannot
// change.
func TestAKeyEncryptsTheTableTheQueuesAndTheLogsInAnyDelivery(t *testing.T) {
	for name, delivery := range map[string]boundedcontext.Delivery{
		"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		"an own bus":   boundedcontext.OwnBus{Name: "ledger"},
	} {
		for kind, newKey := range map[string]func(awscdk.Stack) awskms.IKey{
			"made": func(stack awscdk.Stack) awskms.IKey {
				return awskms.NewKey(stack, new("Key"), &awskms.KeyProps{EnableKeyRotation: new(true)})
			},
			"imported": func(stack awscdk.Stack) awskms.IKey {
				return awskms.Key_FromKeyArn(stack, new("Key"), new("arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"))
			},
		} {
			t.Run(name+", key "+kind, func(t *testing.T) {
				stack, props := valid(t)
				props.Delivery, props.Key = delivery, newKey(stack)
				ledger := boundedcontext.New(stack, "Ledger", props)
				clerk := props.Worker
				clerk.Publishes = nil
				ledger.AddScheduledFunction("Clerk", time.Minute, clerk)
				synthtest.AddSecurityRules(stack)
				checkEncrypted(t, synthtest.Synth(t, stack))
			})
		}
	}
}

func checkEncrypted(t *testing.T, template synthtest.Template) {
	t.Helper()
	encrypted := map[string]bool{}
	for id, queue := range synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		encrypted[id] = queue.KmsMasterKeyID != ""
	}
	for id, table := range synthtest.Properties[struct{ SSESpecification struct{ SSEEnabled bool } }](t, template, "AWS::DynamoDB::Table") {
		encrypted[id] = table.SSESpecification.SSEEnabled
	}
	type group struct {
		Key synthtest.Reference `json:"KmsKeyId"`
	}
	for id, group := range synthtest.Properties[group](t, template, "AWS::Logs::LogGroup") {
		encrypted[id] = group.Key != ""
	}
	for id, is := range encrypted {
		if !is {
			t.Errorf("%s is not encrypted with the key", id)
		}
	}
}
