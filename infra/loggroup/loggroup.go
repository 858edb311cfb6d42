// Package loggroup makes log groups with a retention in days.
package loggroup

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props describes a log group.
type Props struct {
	// Name is the group's physical name. Without one CloudFormation makes one
	// up.
	Name string
	// RetentionDays is one of the periods that CloudWatch Logs knows.
	RetentionDays int
	// Protected lets the group outlive its stack.
	Protected bool
	// Masked are the members of JSON objects whose values only those see who have
	// the permission logs:Unmask.
	Masked []string
}

// New makes a log group.
func New(scope constructs.Construct, id string, props Props) awslogs.LogGroup {
	created := &awslogs.LogGroupProps{
		// CDK names the periods, CloudFormation counts their days: so do we.
		Retention:     awslogs.RetentionDays_INFINITE,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
	if props.Name != "" {
		created.LogGroupName = &props.Name
	}
	if props.Protected {
		created.RemovalPolicy = awscdk.RemovalPolicy_RETAIN
	}
	if len(props.Masked) > 0 {
		created.DataProtectionPolicy = masking(props.Masked)
	}
	group := awslogs.NewLogGroup(scope, &id, created)
	resource, ok := group.Node().DefaultChild().(awslogs.CfnLogGroup)
	if !ok {
		panic(fmt.Sprintf("log group %s has no resource of CloudFormation", id))
	}
	resource.SetRetentionInDays(jsii.Number(props.RetentionDays))
	return group
}

// masking makes a policy that masks members from their names up to the end of their
// object, because a pattern can have no quotes
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-custom-data-identifiers.html).
// So it masks more than their values, and of a value with a brace in it less.
func masking(members []string) awslogs.DataProtectionPolicy {
	var identifiers []awslogs.DataIdentifier
	for _, member := range members {
		identifiers = append(identifiers, awslogs.NewCustomDataIdentifier(&member, new(member+"[^}]+")))
	}
	return awslogs.NewDataProtectionPolicy(&awslogs.DataProtectionPolicyProps{Identifiers: &identifiers})
}
