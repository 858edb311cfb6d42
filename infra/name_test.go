package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

// names are the properties that name a resource, in the resource types that have
// one. CloudFormation accepts each name once in an account and Region, and most of
// them once in whichever stack.
func names() map[string]string {
	return map[string]string{
		"AWS::CloudWatch::Alarm":           "AlarmName",
		"AWS::CloudWatch::Dashboard":       "DashboardName",
		"AWS::CodeDeploy::Application":     "ApplicationName",
		"AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
		"AWS::DynamoDB::Table":             "TableName",
		"AWS::EventSchemas::Registry":      "RegistryName",
		"AWS::Events::ApiDestination":      "Name",
		"AWS::Events::Archive":             "ArchiveName",
		"AWS::Events::Connection":          "Name",
		"AWS::Events::EventBus":            "Name",
		"AWS::Events::EventBusPolicy":      "StatementId", // https://github.com/aws/aws-cdk/issues/29627
		"AWS::Events::Rule":                "Name",
		"AWS::IAM::Role":                   "RoleName",
		"AWS::Lambda::Function":            "FunctionName",
		"AWS::Logs::LogGroup":              "LogGroupName",
		"AWS::Logs::ResourcePolicy":        "PolicyName",
		"AWS::SNS::Topic":                  "TopicName",
		"AWS::SQS::Queue":                  "QueueName",
		"AWS::Scheduler::Schedule":         "Name",
		"AWS::SecretsManager::Secret":      "Name",
	}
}

// unnamed are the other types, whose resources AWS names.
func unnamed() []string {
	return []string{
		"AWS::CDK::Metadata", "AWS::IAM::OIDCProvider", "AWS::IAM::Policy", "AWS::KMS::Alias", "AWS::KMS::Key",
		"AWS::EventSchemas::Schema", // Named within its registry.
		"AWS::Lambda::Alias",        // Named within its function.
		"AWS::Lambda::Version", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Lambda::Url",
		"AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
	}
}

func TestNoTwoResourcesOfAnAccountHaveTheSameName(t *testing.T) {
	owners := map[string]string{}
	add := func(stack string, template synthtest.Template) {
		for id, resource := range template.Resources {
			var properties map[string]any
			if err := json.Unmarshal(resource.Properties, &properties); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			property, named := names()[resource.Type]
			if !named && !slices.Contains(unnamed(), resource.Type) {
				t.Errorf("%s is in neither list", resource.Type)
			}
			value := properties[property]
			if value == nil {
				continue // CloudFormation makes a name of its own.
			}
			name := fmt.Sprintf("%s %v", resource.Type, value)
			if _, isText := value.(string); !isText {
				name = stack + " " + name // The expression depends on the stack.
			}
			owner := stack + "/" + id
			if other := owners[name]; other != "" {
				t.Errorf("%s and %s have the same %s: %v", owner, other, property, value)
			}
			owners[name] = owner
		}
	}
	for _, name := range environment.Names() {
		add(name, synthesized(t, name))
		if name != "local" {
			add(name+"-github", gitHubTemplate(t, name, repository{name: "acme/shop"}))
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(owners)), func(name string) bool { return strings.HasPrefix(name, "AWS::Events::EventBusPolicy ") }) {
		t.Error("no statement of a bus has an id")
	}
}
