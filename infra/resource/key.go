package resource

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// NewKey makes a key of the account for the data of a stack. Its policy lets IAM
// policies of the account decide; what uses the key adds the services of AWS that
// use it for no role. Protected, it is retained when the stack is deleted, because
// retained data cannot be read without it.
func NewKey(scope constructs.Construct, id string, protected bool) awskms.Key {
	key := awskms.NewKey(scope, &id, &awskms.KeyProps{
		Description:       new("Encrypts the data of " + *awscdk.Stack_Of(scope).StackName()),
		EnableKeyRotation: new(true),
		RemovalPolicy:     RemovalPolicy(protected),
	})
	// EventBridge uses a key for a connection only if the key has this tag
	// (https://docs.aws.amazon.com/eventbridge/latest/userguide/encryption-connections.html).
	awscdk.Tags_Of(key).Add(new("EventBridgeApiDestinations"), new("true"), nil)
	return key
}

// AllowKey lets a role use a key through a service of AWS, such as sqs, and in no
// other way. Without a key it changes nothing.
func AllowKey(role awsiam.IRole, key awskms.IKey, service string, actions ...string) {
	if key == nil {
		return
	}
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{key.KeyArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": service + "." + *awscdk.Stack_Of(role).Region() + ".amazonaws.com",
		}},
	}))
}

// AllowKeyToSend lets a role use the key of a queue to which it sends
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html).
func AllowKeyToSend(role awsiam.IRole, key awskms.IKey) {
	AllowKey(role, key, "sqs", "kms:Decrypt", "kms:GenerateDataKey")
}

// AllowKeyToLog lets a role use the key of a log group to which it writes. AWS's own
// policy for it has these actions
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/CloudWatchLogsAPIKeyAccess.html,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html).
func AllowKeyToLog(role awsiam.IRole, key awskms.IKey) {
	AllowKey(role, key, "logs", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
}

// admit adds a service of AWS to the policy of a key. The CDK adds a statement
// that the policy already has only once, and changes no policy of an imported key.
func admit(key awskms.IKey, service awsiam.IPrincipal, conditions map[string]any, actions ...string) {
	statement := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{service},
		Actions:    jsii.Strings(actions...),
		Resources:  jsii.Strings("*"), // In a key's policy this is the key.
	})
	if conditions != nil {
		statement.AddConditions(&conditions)
	}
	key.AddToResourcePolicy(statement, nil)
}
