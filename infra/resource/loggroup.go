package resource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/lambdalimit"
)

// LogGroupProps describes a log group.
type LogGroupProps struct {
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

func (p LogGroupProps) validate() error {
	return errors.Join(lambdalimit.CheckLogRetention(p.RetentionDays), CheckMasked(p.Masked))
}

// CheckMasked returns an error if a log group cannot mask members with these names: a
// policy has up to ten identifiers
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-custom-data-identifiers.html).
func CheckMasked(members []string) error {
	var problems []error
	if len(members) > 10 {
		problems = append(problems, fmt.Errorf("%d Masked members are more than the 10 that CloudWatch Logs can mask", len(members)))
	}
	for i, member := range members {
		if !regexp.MustCompile(`^[\w-]{1,128}$`).MatchString(member) || slices.Contains(members[:i], member) {
			problems = append(problems, fmt.Errorf("in Masked: %q is there twice, or not 1 to 128 letters, digits, hyphens and underscores", member))
		}
	}
	return errors.Join(problems...)
}

// NewLogGroup makes a log group. CloudFormation generates its name.
func NewLogGroup(scope constructs.Construct, id string, props LogGroupProps) awslogs.LogGroup {
	if err := errors.Join(CheckIDs(scope, id), props.validate()); err != nil {
		panic(fmt.Sprintf("log group %s: %v", id, err))
	}
	groupProps := &awslogs.LogGroupProps{
		// Replaced below: the CDK has names for the periods, CloudFormation takes
		// their days.
		Retention:     awslogs.RetentionDays_INFINITE,
		RemovalPolicy: RemovalPolicy(props.Protected),
	}
	if props.Key != nil {
		groupProps.EncryptionKey = props.Key
		admitLogs(scope, props.Key)
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

// admitLogs lets CloudWatch Logs use the key for the groups that CloudFormation names
// after the stack. The ARN of the group itself would make the key depend on what it
// encrypts. The actions are those of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
func admitLogs(scope constructs.Construct, key awskms.IKey) {
	stack := awscdk.Stack_Of(scope)
	groups := stack.FormatArn(&awscdk.ArnComponents{
		Service:      new("logs"),
		Resource:     new("log-group"),
		ResourceName: new(*stack.StackName() + "-*"),
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	admit(key, awsiam.NewServicePrincipal(new("logs."+*stack.Region()+".amazonaws.com"), nil),
		map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups}},
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
