package iam

import (
	"slices"
	"strings"
)

// MultivaluedKeys returns the condition keys that can have several values in one
// request. They are global, or keys of the services that are supported and of
// STS, which assumes their roles. Every other key has at most one value.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html:
//     the value type is Multivalued
//   - https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html:
//     the type begins with ArrayOf. Of EventBridge's keys these are events:source,
//     events:detail-type, events:TargetArn and events:EventBusArn
//     (list_amazoneventbridge.html#amazoneventbridge-policy-keys).
func MultivaluedKeys() []string {
	return []string{
		"aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths",
		"aws:SourceOrgPaths", "aws:TagKeys", "aws:VpceOrgPaths",
		"cloudwatch:AlarmActions", "cloudwatch:requestInsightRuleLogGroups", "cloudwatch:requestManagedResourceARNs",
		"dynamodb:Attributes", "dynamodb:FirstPartitionKeyValues", "dynamodb:FisTargetArns",
		"dynamodb:FourthPartitionKeyValues", "dynamodb:LeadingKeys", "dynamodb:SecondPartitionKeyValues",
		"dynamodb:ThirdPartitionKeyValues",
		"events:EventBusArn", "events:TargetArn", "events:detail-type", "events:source",
		"iam:AccountPropertyNamespaces",
		"kms:EncryptionContextKeys", "kms:GrantOperations", "kms:ResourceAliases",
		"lambda:Layer", "lambda:SecurityGroupIds", "lambda:SubnetIds",
		"logs:LogGeneratingResourceArns",
		"secretsmanager:AddReplicaRegions",
		"sts:IdentityTokenAudience", "sts:RequestContextProviders", "sts:TransitiveTagKeys",
	}
}

// isMultivalued reports whether a key, in any case, can have several values.
func isMultivalued(key string) bool {
	return slices.ContainsFunc(MultivaluedKeys(), func(known string) bool { return strings.EqualFold(known, key) })
}
