package assembly_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/assembly"
)

const (
	region   = "arn:aws:sqs:us-east-1:000000000000:queue"
	account  = "arn:aws:sqs:eu-west-1:999999999999:queue"
	queueARN = "arn:aws:sqs:eu-west-1:000000000000:queue"
	roleARN  = "arn:aws:iam::000000000000:role/worker"
)

// refusedValues returns what is wrong with the properties of one resource of a type.
func refusedValues(t *testing.T, kind, properties string) []string {
	t.Helper()
	var reasons []string
	for line := range strings.Lines(refusal(t, kind, properties)) {
		reasons = append(reasons, strings.TrimPrefix(strings.TrimSpace(line), "resource One ("+kind+"): "))
	}
	return reasons
}

// with returns properties with one more.
func with(properties, name, value string) string {
	return strings.TrimSuffix(properties, "}") + fmt.Sprintf(`, %q: %s}`, name, value)
}

func TestAValueThatAWSDoesNotAllowIsRefusedWithWhatIsAllowed(t *testing.T) {
	long := func(length int) string { return `"` + strings.Repeat("a", length) + `"` }
	const (
		function = `{"Code": {"S3Key": "x"}, "Role": "` + roleARN + `", "Handler": "h", "Runtime": "provided.al2023"}`
		mapping  = `{"FunctionName": "f", "EventSourceArn": "` + queueARN + `"}`
		table    = `{"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}`
		rule     = `{"EventPattern": {"source": ["a"]}}`
	)
	target := func(members string) string {
		return with(rule, "Targets", `[{"Id": "t", "Arn": "`+queueARN+`"`+members+`}]`)
	}
	noAsset := "its code x is not an asset of the assembly"
	for _, test := range []struct {
		kind, properties string
		want             []string
	}{
		{"AWS::SQS::Queue", `{"QueueName": "a b"}`, []string{`property QueueName must match [A-Za-z0-9_-]+(\.fifo)?, and is "a b"`}},
		{"AWS::SQS::Queue", `{"QueueName": ` + long(81) + `}`, []string{"property QueueName must have 1 to 80 characters, and has 81"}},
		{"AWS::SQS::Queue", `{"DelaySeconds": 901, "VisibilityTimeout": "43201", "ReceiveMessageWaitTimeSeconds": -1}`, []string{
			"property DelaySeconds must be 0 to 900, and is 901",
			"property ReceiveMessageWaitTimeSeconds must be 0 to 20, and is -1",
			"property VisibilityTimeout must be 0 to 43200, and is 43201",
		}},
		{"AWS::SQS::Queue", `{"RedrivePolicy": {"deadLetterTargetArn": "` + queueARN + `", "maxReceiveCount": 1001}}`, []string{"property RedrivePolicy.maxReceiveCount must be 1 to 1000, and is 1001"}},
		{"AWS::SQS::Queue", `{"ContentBasedDeduplication": true, "FifoThroughputLimit": "perQueue"}`, []string{
			"property ContentBasedDeduplication is for FIFO queues only", "property FifoThroughputLimit is for FIFO queues only",
		}},
		{"AWS::SQS::Queue", `{"QueueName": "q", "FifoQueue": true, "FifoThroughputLimit": "perMessageGroupId"}`, []string{
			"property QueueName: q must end with .fifo on a FIFO queue, and on no other",
			"property FifoThroughputLimit perMessageGroupId needs DeduplicationScope messageGroup",
		}},
		{"AWS::SQS::Queue", `{"MessageRetentionPeriod": 59, "MaximumMessageSize": 1023}`, []string{
			"property MaximumMessageSize must be 1024 to 1048576, and is 1023",
			"property MessageRetentionPeriod must be 60 to 1209600, and is 59",
		}},
		{"AWS::SQS::Queue", `{"KmsDataKeyReusePeriodSeconds": 1, "SqsManagedSseEnabled": "maybe", "Tags": [{"Key": ""}]}`, []string{
			"property KmsDataKeyReusePeriodSeconds must be 60 to 86400, and is 1",
			"property SqsManagedSseEnabled must be of type bool, and is maybe",
			"property Tags[0].Value is required",
			"property Tags[0].Key must have 1 to 128 characters, and has 0",
		}},
		{"AWS::Lambda::Function", with(function, "MemorySize", "127"), []string{"property MemorySize must be 128 to 10240, and is 127", noAsset}},
		{"AWS::Lambda::Function", with(function, "Timeout", "901"), []string{"property Timeout must be 1 to 900, and is 901", noAsset}},
		{"AWS::Lambda::Function", with(function, "EphemeralStorage", `{"Size": 511}`), []string{"property EphemeralStorage.Size must be 512 to 10240, and is 511", noAsset}},
		{"AWS::Lambda::Function", with(function, "FunctionName", `"a.b"`), []string{`property FunctionName must match [a-zA-Z0-9_-]+, and is "a.b"`, noAsset}},
		{"AWS::Lambda::Function", with(function, "ReservedConcurrentExecutions", "-1"), []string{"property ReservedConcurrentExecutions must be at least 0, and is -1", noAsset}},
		{"AWS::Lambda::Function", with(function, "Environment", `{"Variables": {"AWS_REGION": "r", "_X": "x", "1A": "a", "A": "a", "B_1": "b"}}`), []string{
			"property Environment.Variables.1A: the name must match ^[a-zA-Z][a-zA-Z0-9_]+$",
			"property Environment.Variables.A: the name must match ^[a-zA-Z][a-zA-Z0-9_]+$",
			"property Environment.Variables.AWS_REGION: the name is reserved for Lambda",
			"property Environment.Variables._X: the name must match ^[a-zA-Z][a-zA-Z0-9_]+$",
			noAsset,
		}},
		{"AWS::Lambda::Function", with(function, "Environment", `{"Variables": {"TEXT": `+long(4093)+`}}`), []string{
			"property Environment.Variables must have at most 4096 bytes of names and values, and has 4097", noAsset,
		}},
		{"AWS::Lambda::Function", with(function, "DeadLetterConfig", `{"TargetArn": "`+account+`"}`), []string{
			"property DeadLetterConfig.TargetArn must be in the account of the stack, 000000000000, and is " + account, noAsset,
		}},
		{"AWS::Lambda::EventSourceMapping", with(mapping, "BatchSize", "11"), []string{"property MaximumBatchingWindowInSeconds must be at least 1 with a BatchSize of more than 10"}},
		{"AWS::Lambda::EventSourceMapping", with(mapping, "BatchSize", "0"), []string{"property BatchSize must be 1 to 10000, and is 0"}},
		{"AWS::Lambda::EventSourceMapping", with(mapping, "ScalingConfig", `{"MaximumConcurrency": 1}`), []string{"property ScalingConfig.MaximumConcurrency must be 2 to 1000, and is 1"}},
		{"AWS::Lambda::EventSourceMapping", `{"FunctionName": "f", "EventSourceArn": "` + queueARN + `.fifo", "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1}`, []string{
			"property BatchSize must be at most 10 for a FIFO queue", "property MaximumBatchingWindowInSeconds is for standard queues only",
		}},
		{"AWS::Lambda::EventSourceMapping", `{"FunctionName": "f", "EventSourceArn": "` + region + `"}`, []string{"property EventSourceArn must be in the Region of the stack, eu-west-1, and is " + region}},
		{"AWS::Lambda::EventInvokeConfig", `{"FunctionName": "f", "Qualifier": "$LATEST", "MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 59}`, []string{
			"property MaximumEventAgeInSeconds must be 60 to 21600, and is 59", "property MaximumRetryAttempts must be 0 to 2, and is 3",
		}},
		{"AWS::Events::EventBus", `{"Name": "a/b"}`, []string{`property Name must match [._A-Za-z0-9-]+, and is "a/b"`}},
		{"AWS::Events::EventBus", `{"Name": "aws.shop"}`, []string{"property Name: aws.shop is reserved for EventBridge"}},
		{"AWS::Events::EventBus", `{"Name": "default"}`, []string{"property Name: default is reserved for EventBridge"}},
		{"AWS::Events::Archive", `{"ArchiveName": ` + long(49) + `, "SourceArn": "arn:aws:events:us-east-1:000000000000:event-bus/b"}`, []string{
			"property ArchiveName must have 1 to 48 characters, and has 49",
			"property SourceArn must be in the Region of the stack, eu-west-1, and is arn:aws:events:us-east-1:000000000000:event-bus/b",
		}},
		{"AWS::Events::Rule", with(rule, "Name", `"a b"`), []string{`property Name must match ^[\.\-_A-Za-z0-9]+$, and is "a b"`}},
		{"AWS::Events::Rule", with(rule, "EventBusName", `"arn:aws:events:us-east-1:000000000000:event-bus/b"`), []string{
			"property EventBusName must be in the Region of the stack, eu-west-1, and is arn:aws:events:us-east-1:000000000000:event-bus/b",
		}},
		{"AWS::Events::Rule", `{"EventPattern": {"source": [` + long(2048) + `]}}`, []string{"property EventPattern must have at most 2048 characters, and has 2063"}},
		{"AWS::Events::Rule", `{"EventPattern": "{\"source\": \"a\"}"}`, []string{`property EventPattern: Event pattern is not valid. Reason: "source" must be an object or an array`}},
		{"AWS::Events::Rule", with(rule, "Targets", `[{"Id": "t", "Arn": "`+region+`"}]`), []string{"property Targets[0].Arn must be in the Region of the stack, eu-west-1, and is " + region}},
		{"AWS::Events::Rule", with(rule, "Targets", "["+strings.TrimSuffix(strings.Repeat(`{"Id": "t", "Arn": "`+queueARN+`"},`, 6), ",")+"]"), []string{"property Targets must have at most 5 items, and has 6"}},
		{"AWS::Events::Rule", target(`, "RetryPolicy": {"MaximumRetryAttempts": 186, "MaximumEventAgeInSeconds": 59}`), []string{
			"property Targets[0].RetryPolicy.MaximumEventAgeInSeconds must be 60 to 86400, and is 59",
			"property Targets[0].RetryPolicy.MaximumRetryAttempts must be 0 to 185, and is 186",
		}},
		{"AWS::Events::Rule", with(rule, "Targets", `[{"Id": "", "Arn": "`+queueARN+`"}]`), []string{"property Targets[0].Id must have 1 to 64 characters, and has 0"}},
		{"AWS::Events::Rule", target(`, "InputPath": ` + long(257)), []string{"property Targets[0].InputPath must have at most 256 characters, and has 257"}},
		{"AWS::Events::Rule", target(`, "InputTransformer": {"InputTemplate": ""}`), []string{"property Targets[0].InputTransformer.InputTemplate must have 1 to 8192 characters, and has 0"}},
		{"AWS::Events::Rule", target(`, "SqsParameters": {"MessageGroupId": ` + long(101) + `}`), []string{"property Targets[0].SqsParameters.MessageGroupId must have at most 100 characters, and has 101"}},
		{"AWS::Events::ApiDestination", `{"ConnectionArn": "arn:aws:events:eu-west-1:000000000000:connection/c", "InvocationEndpoint": "https://a", "HttpMethod": "TRACE"}`, []string{
			`property HttpMethod must be one of GET, HEAD, POST, OPTIONS, PUT, DELETE, PATCH, and is "TRACE"`,
		}},
		{"AWS::Events::Rule", target(`, "DeadLetterConfig": {"Arn": "` + account + `"}`), []string{"property Targets[0].DeadLetterConfig.Arn must be in the account of the stack, 000000000000, and is " + account}},
		{"AWS::DynamoDB::Table", with(table, "TableName", `"ab"`), []string{"property TableName must have 3 to 255 characters, and has 2"}},
		{"AWS::DynamoDB::Table", with(table, "TimeToLiveSpecification", `{"Enabled": true, "AttributeName": ""}`), []string{"property TimeToLiveSpecification.AttributeName must have 1 to 255 characters, and has 0"}},
		{"AWS::DynamoDB::Table", with(table, "ProvisionedThroughput", `{"ReadCapacityUnits": 1, "WriteCapacityUnits": -1}`), []string{
			"property ProvisionedThroughput.WriteCapacityUnits must be at least 0, and is -1",
			"property ProvisionedThroughput is for the BillingMode PROVISIONED only",
		}},
		{"AWS::DynamoDB::Table", with(table, "GlobalSecondaryIndexes", `[
			{"IndexName": "two", "KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}, {"AttributeName": "at", "KeyType": "HASH"}],
				"Projection": {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]}},
			{"IndexName": "two", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "HASH"}],
				"Projection": {"ProjectionType": "SOME"}}]`), []string{
			`property GlobalSecondaryIndexes[1].Projection.ProjectionType must be one of ALL, INCLUDE, KEYS_ONLY, and is "SOME"`,
			"property GlobalSecondaryIndexes[0].Projection.NonKeyAttributes goes with the ProjectionType INCLUDE, and with no other",
			"property GlobalSecondaryIndexes[0].KeySchema must begin with the attribute of KeyType HASH",
			"property GlobalSecondaryIndexes[0].KeySchema[1].AttributeName: at is not in AttributeDefinitions",
			"property GlobalSecondaryIndexes[1].IndexName: there is an index two already",
			"property GlobalSecondaryIndexes[1].KeySchema has the attribute id twice",
			"property GlobalSecondaryIndexes[1].KeySchema: several attributes of a KeyType are not supported by the local cloud",
		}},
		{"AWS::DynamoDB::Table", `{"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}`, []string{
			"property KeySchema[0].AttributeName: id is not in AttributeDefinitions",
		}},
		{"AWS::DynamoDB::Table", `{"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [], "KeySchema": []}`, []string{
			"property KeySchema must have 1 to 2 items, and has 0",
		}},
		{"AWS::DynamoDB::Table", `{"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "X"}, {"AttributeName": "at", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}`, []string{
			`property AttributeDefinitions[0].AttributeType must be one of B, N, S, and is "X"`,
			"property ProvisionedThroughput is required with the BillingMode PROVISIONED, which is the default",
			"property AttributeDefinitions: at is defined, but in no key",
		}},
		{"AWS::IAM::Role", `{"RoleName": "a b", "AssumeRolePolicyDocument": {}, "MaxSessionDuration": 1, "Policies": [{"PolicyName": "", "PolicyDocument": {}}]}`, []string{
			"property MaxSessionDuration must be 3600 to 43200, and is 1",
			"property Policies[0].PolicyName must have 1 to 128 characters, and has 0",
			`property RoleName must match ^[\w+=,.@-]+$, and is "a b"`,
		}},
		{"AWS::Scheduler::Schedule", `{"Name": "a b", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "FLEXIBLE"}, "Target": {
			"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "RoleArn": "` + roleARN + `", "RetryPolicy": {"MaximumRetryAttempts": 186}}}`, []string{
			`property Name must match ^[0-9a-zA-Z-_.]+$, and is "a b"`,
			"property Target.RetryPolicy.MaximumRetryAttempts must be 0 to 185, and is 186",
			"property Target.Arn must be in the Region of the stack, eu-west-1, and is arn:aws:lambda:us-east-1:000000000000:function:f",
			"property FlexibleTimeWindow.MaximumWindowInMinutes is required with the Mode FLEXIBLE",
		}},
		{"AWS::SecretsManager::Secret", `{"Name": "a b", "GenerateSecretString": {"PasswordLength": 4097}}`, []string{
			"property GenerateSecretString.PasswordLength must be 1 to 4096, and is 4097",
			`property Name must match [A-Za-z0-9/_+=.@-]+, and is "a b"`,
		}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			if diff := cmp.Diff(test.want, refusedValues(t, test.kind, test.properties)); diff != "" {
				t.Errorf("the reasons of %s differ (-want +got):\n%s", test.properties, diff)
			}
		})
	}
}

func TestAnEventPatternMayBeAText(t *testing.T) {
	loaded, err := assembly.Load(write(t, `{"Resources": {"One": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": "{\"source\": [\"a\"]}"}}}}`), options())
	if err != nil {
		t.Fatal(err)
	}
	if _, rule := only[assembly.Rule](t, loaded); string(rule.EventPattern) != `{"source": ["a"]}` || !json.Valid(rule.EventPattern) {
		t.Errorf("the pattern is %s", rule.EventPattern)
	}
}

func TestWhatFollowsFromARefusedResourceIsNotRefusedToo(t *testing.T) {
	_, err := assembly.Load(write(t, `{"Resources": {
		"Stream": {"Type": "AWS::Kinesis::Stream"},
		"Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": [{"Ref": "Stream"}]}, "Targets": [
			{"Id": "a", "Arn": {"Fn::GetAtt": ["Stream", "Arn"]}, "RoleArn": {"Fn::Join": ["", ["arn:", {"Ref": "Stream"}]]}},
			{"Id": "b", "Arn": {"Fn::Sub": "${Stream.Arn}/b"}}]}},
		"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "Stream"}]}]}}}
	}}`), options())
	if got, want := fmt.Sprint(err), "resource Stream (AWS::Kinesis::Stream): the resource type is not supported by the local cloud"; got != want {
		t.Errorf("the error is %s, want %s", got, want)
	}
}
