package resource

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// LogGroupProps describes a log group.
type LogGroupProps struct {
	// Name is the group's physical name. Without one CloudFormation generates it.
	Name string
	// RetentionDays is one of the periods that CloudWatch Logs has.
	RetentionDays int
	// Protected retains the group when its stack is deleted.
	Protected bool
	// Masked are members of JSON objects. Reading their values needs the
	// permission logs:Unmask.
	Masked []string
	// Key encrypts the events. Without one CloudWatch Logs uses a key of AWS.
	Key awskms.IKey
}

// NewLogGroup makes a log group.
func NewLogGroup(scope constructs.Construct, id string, props LogGroupProps) awslogs.LogGroup {
	groupProps := &awslogs.LogGroupProps{
		// Replaced below: the CDK has names for the periods, CloudFormation takes
		// their days.
		Retention:     awslogs.RetentionDays_INFINITE,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
	if props.Key != nil {
		groupProps.EncryptionKey = props.Key
		admitLogs(scope, props)
	}
	if props.Name != "" {
		groupProps.LogGroupName = &props.Name
	}
	if props.Protected {
		groupProps.RemovalPolicy = awscdk.RemovalPolicy_RETAIN
	}
	if len(props.Masked) > 0 {
		groupProps.DataProtectionPolicy = maskingPolicy(props.Masked)
	}
	group := awslogs.NewLogGroup(scope, &id, groupProps)
	cfnGroup, ok := group.Node().DefaultChild().(awslogs.CfnLogGroup)
	if !ok {
		panic(fmt.Sprintf("log group %s has no resource of CloudFormation", id))
	}
	cfnGroup.SetRetentionInDays(jsii.Number(props.RetentionDays))
	return group
}

// admitLogs lets CloudWatch Logs use the key for a group with this name or, without
// one, for those that CloudFormation names after the stack. The ARN of the group
// itself would make the key depend on what it encrypts. The actions are those of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
func admitLogs(scope constructs.Construct, props LogGroupProps) {
	stack := awscdk.Stack_Of(scope)
	name := props.Name
	if name == "" {
		name = *stack.StackName() + "-*"
	}
	group := stack.FormatArn(&awscdk.ArnComponents{
		Service:      new("logs"),
		Resource:     new("log-group"),
		ResourceName: &name,
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	admit(props.Key, awsiam.NewServicePrincipal(new("logs."+*stack.Region()+".amazonaws.com"), nil),
		map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": group}},
		"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*")
}

// maskingPolicy masks members from their names to the end of their object,
// because a pattern cannot contain quotes
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-custom-data-identifiers.html).
// So it masks more than their values, and only a part of a value that has a
// brace in it.
func maskingPolicy(members []string) awslogs.DataProtectionPolicy {
	var identifiers []awslogs.DataIdentifier
	for _, member := range members {
		identifiers = append(identifiers, awslogs.NewCustomDataIdentifier(&member, new(member+"[^}]+")))
	}
	return awslogs.NewDataProtectionPolicy(&awslogs.DataProtectionPolicyProps{Identifiers: &identifiers})
}
