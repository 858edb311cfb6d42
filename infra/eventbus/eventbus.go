// Package eventbus makes event buses on which only the own account publishes.
package eventbus

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// New makes a bus with a physical name, which must not be empty.
//
// Its policy allows nobody anything: within an account the policies of the
// roles do that. It denies, and a deny wins over whatever somebody allows
// later, on the bus or elsewhere:
//
//   - a principal of another account. A rule that forwards from another bus of
//     the account publishes by its target's role, which is of the account.
//   - a service of AWS that acts for another account (the confused deputy). One
//     that does not say for whom it acts, such as a replay, is left alone.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// for when a request has these keys.
func New(scope constructs.Construct, id, name string) awsevents.EventBus {
	if name == "" {
		panic(fmt.Sprintf("event bus %s: no name", id))
	}
	bus := awsevents.NewEventBus(scope, &id, &awsevents.EventBusProps{EventBusName: &name})
	own := awscdk.Stack_Of(bus).Account()
	others := deny(bus, "DenyOtherAccounts", map[string]any{
		"StringNotEquals": map[string]any{"aws:PrincipalAccount": own},
		"BoolIfExists":    map[string]any{"aws:PrincipalIsAWSService": "false"},
	})
	services := deny(bus, "DenyServicesForOtherAccounts", map[string]any{
		"StringNotEquals": map[string]any{"aws:SourceAccount": own},
		"Null":            map[string]any{"aws:SourceAccount": "false"},
		"Bool":            map[string]any{"aws:PrincipalIsAWSService": "true"},
	})
	// Each statement is added to the policy that the bus has: not at once.
	services.Node().AddDependency(others)
	return bus
}

// deny adds a statement, and gives the construct that CDK makes of it.
func deny(bus awsevents.EventBus, id string, conditions map[string]any) constructs.IConstruct {
	bus.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        &id,
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("events:PutEvents"),
		Resources:  &[]*string{bus.EventBusArn()},
		Conditions: &conditions,
	}))
	return bus.Node().FindChild(new("cdk-" + id))
}
