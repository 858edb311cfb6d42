package assembly_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/assembly"
)

func TestEveryProblemIsReportedByNameAndTogether(t *testing.T) {
	_, err := assembly.Load(write(t, `{
		"Transform": "AWS::Serverless-2016-10-31",
		"Parameters": {"Size": {"Type": "Number"}},
		"Outputs": {"Where": {"Value": "here", "Export": {"Name": "where"}, "Import": "there"}},
		"Resources": {
			"Archive": {"Type": "AWS::Events::Archive", "Properties": {"SourceArn": "b", "RetentionDays": -1, "Compression": "zip"}},
			"Bucket": {"Type": "AWS::S3::Bucket"},
			"BasicConnection": {"Type": "AWS::Events::Connection", "Properties": {
				"AuthorizationType": "BASIC", "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}}},
			"Connection": {"Type": "AWS::Events::Connection", "Properties": {
				"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {"OAuthParameters": {}}}},
			"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"Widgets": []}},
			"Function": {"Type": "AWS::Lambda::Function", "Properties": {
				"Code": {"S3Key": "x.zip"}, "Role": {"Ref": "Missing"}, "Handler": "h", "Runtime": "cobol",
				"TracingConfig": {"Mode": "Sometimes"},
				"Environment": {"Variables": {"BUCKET": {"Fn::GetAtt": ["Bucket", "Arn"]}, "LIST": []}}}},
			"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 8}},
			"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
				"FunctionName": "f", "EventSourceArn": "arn:aws:sqs:eu-west-1:000000000000:q", "FunctionResponseTypes": ["ReportAll"]}},
			"Notify": {"Type": "AWS::Events::ApiDestination", "Properties": {
				"ConnectionArn": "c", "HttpMethod": "POST", "InvocationEndpoint": "http://example.com", "InvocationRateLimitPerSecond": 0}},
			"Free": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
				"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, "BillingMode": "FREE"}},
			"Queue": {"Type": "AWS::SQS::Queue", "UpdatePolicy": {}, "DependsOn": ["Function", "Nothing"], "DeletionPolice": "Retain", "Properties": {
				"Foo": 1, "FifoQueue": "yes", "VisibilityTimeout": 1.5, "RedrivePolicy": {"maxReceiveCount": 3, "bar": 1}}},
			"Rule": {"Type": "AWS::Events::Rule", "Properties": {
				"EventPattern": {}, "State": "SLEEPING",
				"Targets": [{"Id": "a", "Arn": {"Fn::Base64": "x"}}]}},
			"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {
				"GroupName": "g", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "SOMETIMES"}, "State": "PAUSED",
				"Target": {"Arn": "arn:aws:kinesis:eu-west-1:000000000000:stream/s", "RoleArn": "r", "KinesisParameters": {}}}},
			"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {
				"ReplicaRegions": [], "GenerateSecretString": {"SecretStringTemplate": "{}", "IncludeSpace": true}}},
			"Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "lambda", "TopicArn": "t", "RawMessageDelivery": true}},
			"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
				"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
				"BillingMode": "PAY_PER_REQUEST", "TimeToLiveSpecification": {"Enable": true},
				"GlobalSecondaryIndexes": [{"IndexName": "i", "KeySchema": [], "WarmThroughput": {}}]}},
			"Url": {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "TOKEN", "TargetFunctionArn": "f"}}
		}
	}`), options())
	if err == nil {
		t.Fatal("the template is accepted")
	}
	want := []string{
		"the template's section Transform is not supported by the local cloud: transform the template first, see localcloud/README.md#without-cdk",
		"parameter Size: it has no default: set it with --parameter Size=VALUE",
		"resource Archive (AWS::Events::Archive): property Compression is not supported by the local cloud",
		"resource Archive (AWS::Events::Archive): property RetentionDays must be at least 0, and is -1",
		`resource Archive (AWS::Events::Archive): property SourceArn must be an ARN, and is "b"`,
		"resource BasicConnection (AWS::Events::Connection): property AuthParameters.ApiKeyAuthParameters is for the AuthorizationType API_KEY only",
		"resource BasicConnection (AWS::Events::Connection): property AuthParameters.BasicAuthParameters is required",
		"resource Bucket (AWS::S3::Bucket): the resource type is not supported by the local cloud",
		"resource Connection (AWS::Events::Connection): property AuthParameters.OAuthParameters is not supported by the local cloud",
		`resource Connection (AWS::Events::Connection): property AuthorizationType: the value "OAUTH_CLIENT_CREDENTIALS" is not supported by the local cloud`,
		"resource Dashboard (AWS::CloudWatch::Dashboard): property DashboardBody is required",
		"resource Dashboard (AWS::CloudWatch::Dashboard): property Widgets is not supported by the local cloud",
		`resource Free (AWS::DynamoDB::Table): property BillingMode: the value "FREE" is not supported by the local cloud`,
		"resource Function (AWS::Lambda::Function): the referenced resource or parameter Missing is not in the template",
		"resource Function (AWS::Lambda::Function): property Environment.Variables.LIST must be of type string, and is []",
		`resource Function (AWS::Lambda::Function): property TracingConfig.Mode: the value "Sometimes" is not supported by the local cloud`,
		`resource Function (AWS::Lambda::Function): property Runtime: the value "cobol" is not supported by the local cloud`,
		"resource Function (AWS::Lambda::Function): its code x.zip is not an asset of the assembly",
		`resource Logs (AWS::Logs::LogGroup): property RetentionInDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, and is "8"`,
		`resource Mapping (AWS::Lambda::EventSourceMapping): property FunctionResponseTypes: the value "ReportAll" is not supported by the local cloud`,
		`resource Notify (AWS::Events::ApiDestination): property ConnectionArn must match arn:aws:events:.+:connection/.+, and is "c"`,
		"resource Notify (AWS::Events::ApiDestination): property InvocationRateLimitPerSecond must be at least 1, and is 0",
		"resource Notify (AWS::Events::ApiDestination): property InvocationEndpoint must begin with https://, as EventBridge requires",
		"resource Queue (AWS::SQS::Queue): the attribute DeletionPolice is not supported by the local cloud",
		"resource Queue (AWS::SQS::Queue): the attribute UpdatePolicy is not supported by the local cloud",
		"resource Queue (AWS::SQS::Queue): the resource Nothing that it depends on is not in the template",
		"resource Queue (AWS::SQS::Queue): property FifoQueue must be of type bool, and is yes",
		"resource Queue (AWS::SQS::Queue): property Foo is not supported by the local cloud",
		"resource Queue (AWS::SQS::Queue): property RedrivePolicy.deadLetterTargetArn is required",
		"resource Queue (AWS::SQS::Queue): property RedrivePolicy.bar is not supported by the local cloud",
		"resource Queue (AWS::SQS::Queue): property VisibilityTimeout must be of type int, and is 1.5",
		"resource Rule (AWS::Events::Rule): the intrinsic function Fn::Base64 is not supported by the local cloud",
		`resource Rule (AWS::Events::Rule): property State: the value "SLEEPING" is not supported by the local cloud`,
		"resource Rule (AWS::Events::Rule): property EventPattern: Event pattern is not valid. Reason: Empty objects are not allowed",
		`resource Schedule (AWS::Scheduler::Schedule): property FlexibleTimeWindow.Mode: the value "SOMETIMES" is not supported by the local cloud`,
		"resource Schedule (AWS::Scheduler::Schedule): property GroupName is not supported by the local cloud",
		`resource Schedule (AWS::Scheduler::Schedule): property State: the value "PAUSED" is not supported by the local cloud`,
		"resource Schedule (AWS::Scheduler::Schedule): property Target.KinesisParameters is not supported by the local cloud",
		`resource Schedule (AWS::Scheduler::Schedule): property Target.RoleArn must match arn:aws:iam::[0-9]{12}:role/.+, and is "r"`,
		`resource Schedule (AWS::Scheduler::Schedule): property Target.Arn: only functions and queues are supported by the local cloud, not "arn:aws:kinesis:eu-west-1:000000000000:stream/s"`,
		"resource Secret (AWS::SecretsManager::Secret): property GenerateSecretString.IncludeSpace is not supported by the local cloud",
		"resource Secret (AWS::SecretsManager::Secret): property ReplicaRegions is not supported by the local cloud",
		"resource Secret (AWS::SecretsManager::Secret): property GenerateSecretString needs both of SecretStringTemplate and GenerateStringKey, or neither",
		`resource Subscription (AWS::SNS::Subscription): property Protocol: the value "lambda" is not supported by the local cloud`,
		"resource Subscription (AWS::SNS::Subscription): property RawMessageDelivery is not supported by the local cloud",
		"resource Table (AWS::DynamoDB::Table): property GlobalSecondaryIndexes[0].Projection is required",
		"resource Table (AWS::DynamoDB::Table): property GlobalSecondaryIndexes[0].IndexName must have 3 to 255 characters, and has 1",
		"resource Table (AWS::DynamoDB::Table): property GlobalSecondaryIndexes[0].KeySchema must have at least 1 items, and has 0",
		"resource Table (AWS::DynamoDB::Table): property GlobalSecondaryIndexes[0].WarmThroughput is not supported by the local cloud",
		"resource Table (AWS::DynamoDB::Table): property TimeToLiveSpecification.Enabled is required",
		"resource Table (AWS::DynamoDB::Table): property TimeToLiveSpecification.Enable is not supported by the local cloud",
		`resource Url (AWS::Lambda::Url): property AuthType: the value "TOKEN" is not supported by the local cloud`,
		"resource Url (AWS::Lambda::Url): property TargetFunctionArn: the function f is not in the stack",
		"output Where: the attribute Import is not supported by the local cloud",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("the problems differ (-want +got):\n%s", diff)
	}
}

func TestACircleOfReferencesIsRefused(t *testing.T) {
	_, err := assembly.Load(write(t, `{"Resources": {
		"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "x-${B.QueueName}"}}},
		"B": {"Type": "AWS::SQS::Queue", "DependsOn": "A"}
	}}`), options())
	if err == nil || err.Error() != "circular dependency between resources: A → B → A" {
		t.Errorf("the error is %v", err)
	}
}

func TestAConditionThatRefersToItselfIsRefused(t *testing.T) {
	_, err := assembly.Load(write(t, `{"Conditions": {"A": {"Fn::Not": [{"Condition": "A"}]}}}`), options())
	if err == nil || err.Error() != "condition A: the condition A refers to itself" {
		t.Errorf("the error is %v", err)
	}
}

func TestAFunctionWithoutItsArtefactIsRefused(t *testing.T) {
	_, err := assembly.Load("testdata/unbuilt", options())
	if err == nil || !strings.Contains(err.Error(), "resource Worker (AWS::Lambda::Function): its artefact ") ||
		!strings.HasSuffix(err.Error(), "testdata/unbuilt/asset.worker/bootstrap does not exist: build it for this machine first") {
		t.Errorf("the error is %v", err)
	}
}

func TestEveryPropertyWithoutEffectHasAReason(t *testing.T) {
	var look func(of reflect.Type)
	look = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for field := range of.Fields() {
			if field.Type == reflect.TypeFor[assembly.Harmless]() && field.Tag.Get("why") == "" {
				t.Errorf("%s.%s has no reason why it has no effect", of.Name(), field.Name)
			}
			look(field.Type)
		}
	}
	for _, properties := range []any{
		assembly.APIDestination{},
		assembly.Alarm{},
		assembly.Archive{},
		assembly.CDKMetadata{},
		assembly.Connection{},
		assembly.Dashboard{},
		assembly.EventBus{},
		assembly.EventInvokeConfig{},
		assembly.EventSchema{},
		assembly.EventSourceMapping{},
		assembly.Function{},
		assembly.Key{},
		assembly.LogGroup{},
		assembly.LogsPolicy{},
		assembly.Permission{},
		assembly.Policy{},
		assembly.Queue{},
		assembly.QueuePolicy{},
		assembly.Role{},
		assembly.Rule{},
		assembly.Schedule{},
		assembly.SchemaRegistry{},
		assembly.Secret{},
		assembly.Subscription{},
		assembly.Table{},
		assembly.Topic{},
		assembly.TopicPolicy{},
		assembly.URL{},
	} {
		look(reflect.TypeOf(properties))
	}
}
