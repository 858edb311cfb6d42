package main

import (
	"encoding/json"
	"slices"
	"testing"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

func TestAQueueOrATopicCannotBeReachedWithoutTLS(t *testing.T) {
	type policy struct {
		PolicyDocument synthtest.PolicyDocument
		Queues, Topics []synthtest.Reference
	}
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		refusing := map[string]bool{}
		for id, resource := range template.Resources {
			if resource.Type != "AWS::SQS::QueuePolicy" && resource.Type != "AWS::SNS::TopicPolicy" {
				continue
			}
			var properties policy
			if err := json.Unmarshal(resource.Properties, &properties); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			for _, target := range slices.Concat(properties.Queues, properties.Topics) {
				refusing[string(target)] = refusing[string(target)] || slices.ContainsFunc(properties.PolicyDocument.Statement, refusesPlainHTTP)
			}
		}
		for id, resource := range template.Resources {
			if (resource.Type == queues || resource.Type == "AWS::SNS::Topic") && !refusing[id] {
				t.Errorf("%s of %s (%s) can be reached without TLS", id, name, resource.Type)
			}
		}
	}
}

// refusesPlainHTTP reports whether a statement denies plain HTTP. A
// topic's policy cannot have sns:*, so for a topic it is enough to deny sns:Publish.
func refusesPlainHTTP(statement synthtest.Statement) bool {
	return statement.Effect == "Deny" &&
		slices.Equal(statement.Condition["Bool"]["aws:SecureTransport"], synthtest.List{"false"}) &&
		slices.ContainsFunc(statement.Action, func(action synthtest.Reference) bool {
			return slices.Contains([]synthtest.Reference{"sqs:*", "sns:*", "sns:Publish"}, action)
		})
}

func TestEveryQueueIsEncrypted(t *testing.T) {
	for _, name := range environment.Names() {
		for id, queue := range synthtest.Properties[synthtest.Queue](t, synthesized(t, name), queues) {
			if !queue.SqsManagedSseEnabled && queue.KmsMasterKeyID == "" {
				t.Errorf("%s of %s is not encrypted", id, name)
			}
		}
	}
}

// DynamoDB, CloudWatch Logs, EventBridge and Secrets Manager always encrypt what
// they store, by default with a key of AWS.
func TestWithoutACustomerKeyWhatIsStoredIsEncryptedWithKeysOfAWS(t *testing.T) {
	stores := []string{tables, queues, buses, "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret", "AWS::Events::Connection"}
	for _, name := range environment.Names() {
		for id, resource := range withKey(t, name, false).Resources {
			if !slices.Contains(stores, resource.Type) {
				continue
			}
			var properties map[string]any
			if err := json.Unmarshal(resource.Properties, &properties); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			for _, property := range []string{"SSESpecification", "KmsMasterKeyId", "KmsKeyId", "KmsKeyIdentifier"} {
				if key, given := properties[property]; given {
					t.Errorf("%s of %s is encrypted with %v", id, name, key)
				}
			}
		}
	}
}
