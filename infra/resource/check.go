package resource

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
)

// CheckIDs returns an error if constructs with these ids cannot be added to the
// scope.
func CheckIDs(scope constructs.Construct, ids ...string) error {
	var problems []error
	for _, id := range ids {
		switch {
		case id == "":
			problems = append(problems, errors.New("no construct id"))
		case isToken(id) || strings.Contains(id, "/"):
			problems = append(problems, fmt.Errorf("the construct id %q has a token or a slash", id))
		case scope.Node().TryFindChild(&id) != nil:
			problems = append(problems, fmt.Errorf("there is a construct %s in %q already", id, *scope.Node().Path()))
		}
	}
	return errors.Join(problems...)
}

// CheckBus returns an error if rules of the scope's stack cannot be on the bus. A
// rule names its bus, and permissions have its ARN: for a bus in another account or
// region they would mean two different buses.
//
// An account or a region that is known at deployment only is equal to itself alone.
// So a stack without an account accepts a bus of another such stack, and one that is
// imported by its name.
func CheckBus(scope constructs.Construct, bus awsevents.IEventBus) error {
	if bus == nil {
		return errors.New("no Bus")
	}
	stack := awscdk.Stack_Of(scope)
	env := bus.Env()
	var differences []string
	for _, one := range []struct {
		name        string
		there, here *string
	}{{"account", env.Account, stack.Account()}, {"region", env.Region, stack.Region()}} {
		if *one.there != *one.here {
			differences = append(differences, fmt.Sprintf("the %s of the Bus is %s, that of the stack is %s", one.name, known(*one.there), known(*one.here)))
		}
	}
	if len(differences) > 0 {
		return fmt.Errorf("%s: a rule is in the account and the region of its bus. Forward the events to a bus of the stack's own, "+
			"or import a bus of the same account and region by its name", strings.Join(differences, ", and "))
	}
	// RuleMetric needs the name in the ARN.
	if *bus.EventBusName() == defaultBus {
		return errors.New("the Bus is the default bus of the account, whose rules have ARNs without its name: make another bus")
	}
	return nil
}

const defaultBus = "default"

// CheckBusName returns an error if a bus in the scope cannot have the name
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html).
func CheckBusName(scope constructs.Construct, name string) error {
	if name == "" {
		return errors.New("no name")
	}
	if !regexp.MustCompile(`^[\w.-]{1,256}$`).MatchString(name) || name == defaultBus {
		return fmt.Errorf("the name %q of a bus is not 1 to 256 letters, digits, dots, hyphens and underscores other than default", name)
	}
	for _, construct := range *awscdk.Stack_Of(scope).Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if bus, isBus := construct.(awsevents.CfnEventBus); isBus && *bus.Name() == name {
			return fmt.Errorf("the bus %s has the name %q already", *bus.Node().Path(), name)
		}
	}
	return nil
}

// isToken reports whether a text has a token of the CDK or a variable of IAM: its
// value is not known before the deployment.
func isToken(text string) bool {
	return strings.Contains(text, "${") || strings.Contains(text, "#{")
}

func known(place string) string {
	if isToken(place) {
		return "known at deployment only"
	}
	return place
}
