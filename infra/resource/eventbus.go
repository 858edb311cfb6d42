package resource

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// NewEventBus makes a bus on which only its own account publishes. It needs a
// physical name, which no other bus of the account and region has.
//
// The bus's policy allows nothing: within an account the policies of the roles
// do that. It denies, and a deny wins over everything that is allowed later, on
// the bus or elsewhere:
//
//   - a principal of another account. A rule that forwards from another bus of
//     the account publishes by its target's role, which is of the account.
//   - a service of AWS that acts for another account (the confused deputy). A
//     request without aws:SourceAccount, such as that of a replay, is not denied.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// for when a request has these keys.
func NewEventBus(scope constructs.Construct, id, name string) awsevents.EventBus {
	if err := errors.Join(CheckIDs(scope, id), CheckBusName(scope, name)); err != nil {
		panic(fmt.Sprintf("event bus %s: %v", id, err))
	}
	bus := awsevents.NewEventBus(scope, &id, &awsevents.EventBusProps{EventBusName: &name})
	own := awscdk.Stack_Of(bus).Account()
	accounts := denyPutEvents(bus, statementID(bus, "DenyOtherAccounts", name), map[string]any{
		"StringNotEquals": map[string]any{"aws:PrincipalAccount": own},
		"BoolIfExists":    map[string]any{"aws:PrincipalIsAWSService": "false"},
	})
	services := denyPutEvents(bus, statementID(bus, "DenyServicesForOtherAccounts", name), map[string]any{
		"StringNotEquals": map[string]any{"aws:SourceAccount": own},
		"Null":            map[string]any{"aws:SourceAccount": "false"},
		"Bool":            map[string]any{"aws:PrincipalIsAWSService": "true"},
	})
	// Each statement changes the one policy of the bus, so they cannot be added at
	// the same time.
	services.Node().AddDependency(accounts)
	return bus
}

// statementID returns the id of a statement with the name of its bus.
// CloudFormation accepts an id once in an account and Region, of whichever bus and
// stack (https://github.com/aws/aws-cdk/issues/29627); EventBridge accepts up to 64
// characters (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html),
// of which the CDK writes the first four, and no dots. Instead of a name that does
// not fit, the id has the construct path and its hash.
func statementID(bus awsevents.EventBus, id, name string) string {
	rest := 64 - len("cdk-"+id+"-")
	if len(name) > rest || !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(name) {
		name = *awscdk.Names_UniqueResourceName(bus, &awscdk.UniqueResourceNameOptions{MaxLength: jsii.Number(rest), Separator: new("-")})
	}
	return id + "-" + name
}

// denyPutEvents adds a statement, and returns the construct that the CDK makes
// of it.
func denyPutEvents(bus awsevents.EventBus, id string, conditions map[string]any) constructs.IConstruct {
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
