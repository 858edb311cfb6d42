package resource_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestABusIsClosedToOtherAccountsOneStatementAfterTheOther(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	resource.NewEventBus(stack, "Bus", "bank")
	template := synthtest.Synth(t, stack)
	type policy struct{ Statement synthtest.Statement }
	asked := map[string]bool{}
	waits := 0
	for id, properties := range synthtest.Of[policy](t, template, "AWS::Events::EventBusPolicy") {
		statement := properties.Statement
		if statement.Effect != "Deny" || !slices.Equal(statement.Action, synthtest.List{"events:PutEvents"}) {
			t.Errorf("%s is %+v", id, statement)
		}
		for key, accounts := range statement.Condition["StringNotEquals"] {
			asked[key] = slices.Equal(accounts, synthtest.List{"AWS::AccountId"})
		}
		waits += len(template.Resources[id].DependsOn)
	}
	if !asked["aws:PrincipalAccount"] || !asked["aws:SourceAccount"] {
		t.Errorf("the statements ask for %v", asked)
	}
	if waits != 1 {
		t.Errorf("%d statements wait for another, want one of the two", waits)
	}
}

func TestABusWithoutANameIsRefused(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "event bus Bus: no name") {
			t.Errorf("refused with %q", message)
		}
	}()
	resource.NewEventBus(stack, "Bus", "")
}
