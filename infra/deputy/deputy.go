// Package deputy names services of AWS as principals that act for the own
// account only. Whoever could make such a service act for another account could
// otherwise use what it is allowed here (the confused deputy,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
package deputy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// Of is the service, such as events.amazonaws.com, on behalf of the account of
// the scope. It is for services that say for whom they act: CloudWatch,
// EventBridge and its Scheduler do, Lambda does not when it takes on the role of a
// function.
func Of(scope constructs.Construct, service string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()},
		},
	})
}
