package iam

import (
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// managedARN is what the ARN of a policy that AWS manages begins with.
const managedARN = "arn:aws:iam::aws:policy/"

// managedDocuments returns the supported policies that AWS manages, by their
// names with the path.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
func managedDocuments() map[string]string {
	return map[string]string{
		"AWSXRayDaemonWriteAccess": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
			"xray:PutTraceSegments", "xray:PutTelemetryRecords",
			"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"]}]}`,
		"service-role/AWSLambdaBasicExecutionRole": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]}]}`,
		"service-role/AWSLambdaSQSQueueExecutionRole": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
			"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]}]}`,
	}
}

// ManagedPolicies lists the supported policies that AWS manages.
func ManagedPolicies() []string { return slices.Sorted(maps.Keys(managedDocuments())) }

// Managed returns the policy with this ARN that AWS manages.
func Managed(arn string) (Policy, error) {
	name, isAWS := strings.CutPrefix(arn, managedARN)
	document, known := managedDocuments()[name]
	if !isAWS || !known {
		return Policy{}, unsupported.Errorf("the managed policy %s is not supported by the local cloud", arn)
	}
	return ParseIdentity([]byte(document))
}
