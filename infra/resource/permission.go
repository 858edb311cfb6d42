package resource

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// ServicePrincipal is a service of AWS, such as events.amazonaws.com, while it
// acts for the account of the scope. The condition prevents a confused deputy:
// another account that makes the service use what it is allowed here
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
//
// It is for services that send the account for which they act: CloudWatch,
// EventBridge and its Scheduler do, Lambda does not when it assumes the role of
// a function.
func ServicePrincipal(scope constructs.Construct, service string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()},
		},
	})
}

// Allow lets a role use actions on the resource with this ARN.
func Allow(role awsiam.IRole, arn *string, actions ...string) {
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{arn},
	}))
}
