package resource_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

type madeKey struct {
	EnableKeyRotation bool
	KeyPolicy         synthtest.PolicyDocument
}

func TestAProtectedKeyIsRetainedUnlessItsCreationIsRolledBack(t *testing.T) {
	for protected, want := range map[bool]string{true: "RetainExceptOnCreate", false: "Delete"} {
		stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
		resource.NewKey(stack, "Key", protected)
		template := synthtest.Synth(t, stack)
		for id, key := range synthtest.Properties[madeKey](t, template, "AWS::KMS::Key") {
			if got := template.Resources[id].DeletionPolicy; got != want || !key.EnableKeyRotation {
				t.Errorf("protected %t: the key has the deletion policy %q and rotates: %t", protected, got, key.EnableKeyRotation)
			}
		}
	}
}

func TestAQueueIsEncryptedWithItsKeyOrBySQSAndTheKeyAdmitsRulesOnce(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	key := resource.NewKey(stack, "Key", false)
	resource.NewQueue(stack, "Plain", nil, awssqs.QueueProps{})
	resource.NewQueue(stack, "First", key, awssqs.QueueProps{})
	resource.NewQueue(stack, "Second", key, awssqs.QueueProps{})
	template := synthtest.Synth(t, stack)
	for id, queue := range synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		if plain := queue.KmsMasterKeyID == ""; plain != queue.SqsManagedSseEnabled || plain != (template.Paths[id] == "Plain") {
			t.Errorf("%s has the key %q, and SSE-SQS: %t", id, queue.KmsMasterKeyID, queue.SqsManagedSseEnabled)
		}
	}
	for _, made := range synthtest.Properties[madeKey](t, template, "AWS::KMS::Key") {
		admitting := 0
		for _, statement := range made.KeyPolicy.Statement {
			if slices.Equal(statement.Condition["StringEquals"]["aws:SourceAccount"], synthtest.List{"AWS::AccountId"}) {
				admitting++
			}
		}
		if admitting != 1 {
			t.Errorf("%d statements admit the rules of the account, want 1", admitting)
		}
	}
}
