package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// base are the resources that a wrong one may refer to. Nothing is wrong with them.
const base = `
	"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
	"Queue": {"Type": "AWS::SQS::Queue"},
	"Fifo": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}},
	"Denying": {"Type": "AWS::SQS::Queue", "Properties": {"RedriveAllowPolicy": {"redrivePermission": "denyAll"}}},
	"Connection": {"Type": "AWS::Events::Connection", "Properties": {"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "value"}}}},
	"Role": {"Type": "AWS::IAM::Role", "Properties": {
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"]}, "Action": "sts:AssumeRole"}]},
		"Policies": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": ["sqs:*", "events:*", "logs:*"], "Resource": "*"}]}}]}},
	"Untrusting": {"Type": "AWS::IAM::Role", "Properties": {
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}},
	"Function": {"Type": "AWS::Lambda::Function", "Properties": {
		"Code": {"S3Bucket": "assets", "S3Key": "probe.zip"}, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}`

// The beginnings of resources, which a test completes.
const (
	aQueue    = `{"Type": "AWS::SQS::Queue", "Properties": {`
	aRule     = `{"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["x"]}, `
	aTarget   = aRule + `"Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, `
	aMapping  = `{"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Function"}, `
	ofQueue   = `"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, `
	ofFifo    = `"EventSourceArn": {"Fn::GetAtt": ["Fifo", "Arn"]}, `
	aFunction = `{"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Bucket": "assets", "S3Key": "probe.zip"}, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, `
	aSchedule = `{"Type": "AWS::Scheduler::Schedule", "Properties": {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}, `
)

// started starts the local cloud with the resources of base and one that is called
// Wrong, and returns what it prints when it refuses that.
func started(t *testing.T, wrong string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Dir(cloud.probe), filepath.Join(dir, "probe")); err != nil {
		t.Fatal(err)
	}
	text := `{"Resources": {` + base + `, "Wrong": ` + wrong + `}}`
	if !json.Valid([]byte(text)) {
		t.Fatalf("the template is no JSON: %s", text)
	}
	if err := writeAssembly(dir, []byte(text)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), cloud.patience)
	defer cancel()
	command := exec.CommandContext(ctx, cloud.localProgram, "up", "--quiet", "--port", "0", "--assembly", dir)
	output := new(bytes.Buffer)
	command.Stdout, command.Stderr = output, output
	err := command.Run()
	if failure, ok := errors.AsType[*exec.ExitError](err); !ok || failure.ExitCode() != 1 {
		t.Fatalf("the local cloud ends with %v: %s", err, output)
	}
	return output.String()
}

// What AWS refuses at a deployment, or a resource's own service when it is created.
func TestWhatADeploymentRefuses(t *testing.T) {
	t.Parallel()
	localOnly(t, "a deployment that fails takes minutes on AWS")
	repeated := func(number int, format string) string {
		var all []string
		for i := range number {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ", ")
	}
	for _, c := range []struct{ id, rule, wrong, part string }{
		{"SQ-1", "a visibility timeout of more than 12 hours", aQueue + `"VisibilityTimeout": 43201}}`, "VisibilityTimeout"},
		{"SQ-2", "a message size of less than 1 KiB", aQueue + `"MaximumMessageSize": 1023}}`, "MaximumMessageSize"},
		{"SQ-2", "a message size of more than 1 MiB", aQueue + `"MaximumMessageSize": 1048577}}`, "MaximumMessageSize"},
		{"SQ-3", "a retention of less than a minute", aQueue + `"MessageRetentionPeriod": 59}}`, "MessageRetentionPeriod"},
		{"SQ-3", "a retention of more than 14 days", aQueue + `"MessageRetentionPeriod": 1209601}}`, "MessageRetentionPeriod"},
		{"SQ-4", "a delay of more than 15 minutes", aQueue + `"DelaySeconds": 901}}`, "DelaySeconds"},
		{"SQ-5", "a wait of more than 20 seconds", aQueue + `"ReceiveMessageWaitTimeSeconds": 21}}`, "ReceiveMessageWaitTimeSeconds"},
		{"SQ-6", "a receive count of 0", aQueue + `"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "maxReceiveCount": 0}}}`, "maxReceiveCount"},
		{"SQ-6", "a receive count of more than 1,000", aQueue + `"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "maxReceiveCount": 1001}}}`, "maxReceiveCount"},
		{"SQ-7", "a dead-letter queue that allows none", aQueue + `"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Denying", "Arn"]}, "maxReceiveCount": 1}}}`, "redrive"},
		{"SQ-8", "a FIFO queue with another name", aQueue + `"QueueName": "orders", "FifoQueue": true}}`, "fifo"},
		{"SQ-8", "a standard queue with the name of a FIFO queue", aQueue + `"QueueName": "orders.fifo"}}`, "fifo"},
		{"SQ-9", "a standard queue with de-duplication", aQueue + `"ContentBasedDeduplication": true}}`, "ContentBasedDeduplication"},
		{"SQ-10", "another scope of de-duplication", aQueue + `"FifoQueue": true, "DeduplicationScope": "group"}}`, "DeduplicationScope"},
		{"SQ-11", "a limit per group without de-duplication per group", aQueue + `"FifoQueue": true, "FifoThroughputLimit": "perMessageGroupId"}}`, "FifoThroughputLimit"},
		{"SQ-44", "a standard dead-letter queue of a FIFO queue", aQueue + `"FifoQueue": true, "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "maxReceiveCount": 1}}}`, "fifo"},

		{"PAT-7", "a pattern of more than 4,096 characters", `{"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["` + strings.Repeat("x", 4096) + `"]}}}`, "pattern"},
		{"RT-1", "a rule's name with a space", aRule + `"Name": "a b"}}`, "name"},
		{"RT-1", "a rule's name of more than 64 characters", aRule + `"Name": "` + strings.Repeat("x", 65) + `"}}`, "name"},
		{"RT-4", "a rule without a pattern and a schedule", `{"Type": "AWS::Events::Rule", "Properties": {}}`, "EventPattern"},
		{"RT-4", "a schedule on another bus", `{"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Bus"}, "ScheduleExpression": "rate(1 minute)"}}`, "ScheduleExpression"},
		{"RT-5", "six targets", aRule + `"Targets": [` + repeated(6, `{"Id": "%d", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}`) + `]}}`, "targets"},
		{"RT-5", "two targets with one id", aRule + `"Targets": [` + repeated(2, `{"Id": "0", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "Input": "%d"}`) + `]}}`, "id"},
		{"RT-10", "an input and a path", aTarget + `"Input": "{}", "InputPath": "$.detail"}]}}`, "InputPath"},
		{"RT-11", "an input for a bus", aRule + `"Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Bus", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "Input": "{}"}]}}`, "input"},
		{"RT-12", "a bus without a role", aRule + `"Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Bus", "Arn"]}}]}}`, "RoleArn"},
		{"RT-14", "a queue in another Region", aRule + `"Targets": [{"Id": "1", "Arn": "arn:aws:sqs:ap-south-1:000000000000:queue"}]}}`, "Region"},
		{"TSQ-4", "a message group of more than 100 characters", aTarget + `"SqsParameters": {"MessageGroupId": "` + strings.Repeat("x", 101) + `"}}]}}`, "MessageGroupId"},
		{"TSQ-14", "a FIFO queue without a message group", aRule + `"Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Fifo", "Arn"]}}]}}`, "SqsParameters"},
		{"AD-1", "a method that there is not", `{"Type": "AWS::Events::ApiDestination", "Properties": {"ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]}, "HttpMethod": "FETCH", "InvocationEndpoint": "https://example.com"}}`, "method"},
		{"ESM-8", "a function whose role may not read the queue", `{"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Bucket": "assets", "S3Key": "probe.zip"}, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": {"Fn::GetAtt": ["Untrusting", "Arn"]}}}, "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Wrong"}, ` + ofQueue + `"BatchSize": 1}}`, "role"},
		{"IT-7", "a placeholder without a path", aTarget + `"InputTransformer": {"InputTemplate": "{\"a\": <b>}"}}]}}`, "placeholder"},
		{"IT-13", "a variable as a key", aTarget + `"InputTransformer": {"InputPathsMap": {"b": "$.detail"}, "InputTemplate": "{<b>: 1}"}}]}}`, "template"},
		{"RD-2", "more than 185 attempts", aTarget + `"RetryPolicy": {"MaximumRetryAttempts": 186}}]}}`, "MaximumRetryAttempts"},
		{"RD-2", "an age of less than a minute", aTarget + `"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}]}}`, "MaximumEventAgeInSeconds"},
		{"RD-5", "a FIFO dead-letter queue of a target", aTarget + `"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Fifo", "Arn"]}}}]}}`, "dead-letter"},
		{"AD-1", "an endpoint without TLS", `{"Type": "AWS::Events::ApiDestination", "Properties": {"ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]}, "HttpMethod": "POST", "InvocationEndpoint": "http://example.com"}}`, "InvocationEndpoint"},
		{"AD-2", "a rate limit of 0", `{"Type": "AWS::Events::ApiDestination", "Properties": {"ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]}, "HttpMethod": "POST", "InvocationEndpoint": "https://example.com", "InvocationRateLimitPerSecond": 0}}`, "InvocationRateLimitPerSecond"},
		{"AR-1", "an archive's name of more than 48 characters", `{"Type": "AWS::Events::Archive", "Properties": {"SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]}, "ArchiveName": "` + strings.Repeat("x", 49) + `"}}`, "name"},

		{"ESM-1", "a batch of 11 of a FIFO queue", aMapping + ofFifo + `"BatchSize": 11}}`, "batch"},
		{"ESM-1", "a batch of 11 without a window", aMapping + ofQueue + `"BatchSize": 11}}`, "batch"},
		{"ESM-1", "a batch of more than 10,000", aMapping + ofQueue + `"BatchSize": 10001, "MaximumBatchingWindowInSeconds": 1}}`, "batch"},
		{"ESM-2", "a window of more than 5 minutes", aMapping + ofQueue + `"MaximumBatchingWindowInSeconds": 301}}`, "window"},
		{"ESM-2", "a window of a FIFO queue", aMapping + ofFifo + `"MaximumBatchingWindowInSeconds": 1}}`, "window"},
		{"ESM-4", "another function response type", aMapping + ofQueue + `"FunctionResponseTypes": ["Report"]}}`, "FunctionResponseTypes"},
		{"ESM-5", "a concurrency of 1", aMapping + ofQueue + `"ScalingConfig": {"MaximumConcurrency": 1}}}`, "concurrency"},
		{"ESM-5", "a concurrency of more than 1,000", aMapping + ofQueue + `"ScalingConfig": {"MaximumConcurrency": 1001}}}`, "concurrency"},
		{"ESM-6", "a filter that is no pattern", aMapping + ofQueue + `"FilterCriteria": {"Filters": [{"Pattern": "{\"body\": \"x\"}"}]}}}`, "filter"},
		{"ESM-7", "two mappings of one queue and function", aMapping + ofQueue + `"BatchSize": 1}}, "Second": ` + aMapping + ofQueue + `"BatchSize": 2}}`, "exist"},
		{"ESM-8", "a queue that is visible before the function's timeout", aFunction + `"Timeout": 31}}, "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Wrong"}, ` + ofQueue + `"BatchSize": 1}}`, "visibility timeout"},
		{"LA-5", "an event age of less than a minute", `{"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": 59}}`, "EventAge"},
		{"LR-10", "less than 128 MB", aFunction + `"MemorySize": 127}}`, "memory"},
		{"LR-10", "a timeout of more than 15 minutes", aFunction + `"Timeout": 901}}`, "timeout"},
		{"LR-10", "more than 4 KB of variables", aFunction + `"Environment": {"Variables": {"a1": "` + strings.Repeat("x", 4096) + `"}}}}`, "Environment"},
		{"LR-11", "a reserved variable", aFunction + `"Environment": {"Variables": {"AWS_REGION": "x"}}}}`, "AWS_REGION"},
		{"LR-11", "a variable with a hyphen", aFunction + `"Environment": {"Variables": {"a-b": "x"}}}}`, "a-b"},

		{"SC-2", "a window without a length", `{"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "FLEXIBLE"}, "Target": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}}}`, "MaximumWindowInMinutes"},
		{"SC-9", "a schedule's name of more than 64 characters", aSchedule + `"ScheduleExpression": "rate(1 hour)", "Name": "` + strings.Repeat("x", 65) + `"}}`, "name"},
		{"SC-4", "a role that Scheduler may not assume", `{"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Untrusting", "Arn"]}}}}`, "role"},
		{"SC-8", "a rate of seconds", aSchedule + `"ScheduleExpression": "rate(10 seconds)"}}`, "rate"},
		{"SC-8", "a cron expression with a field too few", aSchedule + `"ScheduleExpression": "cron(0 12 * * ?)"}}`, "cron"},
		{"SC-8", "an hour that there is not", aSchedule + `"ScheduleExpression": "cron(0 25 * * ? *)"}}`, "cron"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			rule(t, c.id)
			for line := range strings.Lines(started(t, c.wrong)) {
				reason := strings.Contains(strings.ToLower(line), strings.ToLower(c.part))
				if !reason && !strings.Contains(line, "what is supported is listed in") {
					t.Errorf("the local cloud does not refuse %s alone: %s", c.part, line)
				}
			}
		})
	}
}
