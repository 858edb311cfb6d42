package iam

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// managedARN is what the ARN of a policy that AWS manages begins with.
const managedARN = "arn:aws:iam::aws:policy/"

// managedActions returns what the supported policies that AWS manages allow on every
// resource, by their names with the path. Actions of services that the local cloud does
// not have are left out, so that some allow nothing here.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
func managedActions() map[string][]string {
	logs := []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
	traces := []string{
		"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
		"xray:GetSamplingStatisticSummaries",
	}
	logsAnd := func(actions ...string) []string { return slices.Concat(actions, logs) }
	return map[string][]string{
		"AWSXRayDaemonWriteAccess":      traces,
		"AWSXrayWriteOnlyAccess":        traces,
		"AmazonAPIGatewayAdministrator": {},
		"AmazonDynamoDBFullAccess": {
			"dynamodb:*", "lambda:CreateFunction", "lambda:ListFunctions", "lambda:ListEventSourceMappings",
			"lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:GetFunctionConfiguration",
			"lambda:DeleteFunction",
		},
		"AmazonDynamoDBFullAccess_v2": {"dynamodb:*", "lambda:ListEventSourceMappings", "lambda:ListFunctions"},
		"AmazonDynamoDBReadOnlyAccess": {
			"dynamodb:BatchGetItem", "dynamodb:Describe*", "dynamodb:List*", "dynamodb:GetAbacStatus", "dynamodb:GetItem",
			"dynamodb:GetResourcePolicy", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect",
			"lambda:ListFunctions", "lambda:ListEventSourceMappings", "lambda:GetFunctionConfiguration",
		},
		"AmazonS3FullAccess":     {},
		"AmazonS3ReadOnlyAccess": {},
		"AmazonSQSFullAccess":    {"sqs:*"},
		"AmazonSQSReadOnlyAccess": {
			"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues", "sqs:ListQueues",
			"sqs:ListMessageMoveTasks", "sqs:ListQueueTags",
		},
		"CloudWatchFullAccess":                                  {"logs:*"},
		"CloudWatchLogsFullAccess":                              {"logs:*"},
		"service-role/AWSLambdaBasicExecutionRole":              logs,
		"service-role/AWSLambdaBasicDurableExecutionRolePolicy": logsAnd("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"),
		"service-role/AWSLambdaDynamoDBExecutionRole": logsAnd(
			"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
		"service-role/AWSLambdaMSKExecutionRole":       logs,
		"service-role/AWSLambdaRole":                   {"lambda:InvokeFunction"},
		"service-role/AWSLambdaSQSQueueExecutionRole":  logsAnd("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
		"service-role/AWSLambdaVPCAccessExecutionRole": logs,
	}
}

// ManagedPolicies lists the supported policies that AWS manages.
func ManagedPolicies() []string { return slices.Sorted(maps.Keys(managedActions())) }

// Managed returns the policy with this ARN that AWS manages.
func Managed(arn string) (Policy, error) {
	name, isAWS := strings.CutPrefix(arn, managedARN)
	actions, known := managedActions()[name]
	if !isAWS || !known {
		return Policy{}, unsupported.Errorf("the managed policy %s is not supported by the local cloud", arn)
	}
	if len(actions) == 0 {
		return Policy{}, nil
	}
	document, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": map[string]any{"Effect": "Allow", "Resource": "*", "Action": actions},
	})
	if err != nil {
		return Policy{}, err
	}
	return ParseIdentity(document)
}
