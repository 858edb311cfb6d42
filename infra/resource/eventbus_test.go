package resource_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestABusDeniesOtherAccountsOneStatementAfterTheOther(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	resource.NewEventBus(stack, "Bus", "bank")
	template := synthtest.Synth(t, stack)
	type policy struct{ Statement synthtest.Statement }
	compared := map[string]bool{}
	waits := 0
	for id, properties := range synthtest.Properties[policy](t, template, "AWS::Events::EventBusPolicy") {
		statement := properties.Statement
		if statement.Effect != "Deny" || !slices.Equal(statement.Action, synthtest.List{"events:PutEvents"}) {
			t.Errorf("%s is %+v", id, statement)
		}
		for key, accounts := range statement.Condition["StringNotEquals"] {
			compared[key] = slices.Equal(accounts, synthtest.List{"AWS::AccountId"})
		}
		waits += len(template.Resources[id].DependsOn)
	}
	if !compared["aws:PrincipalAccount"] || !compared["aws:SourceAccount"] {
		t.Errorf("the statements compare %v", compared)
	}
	if waits != 1 {
		t.Errorf("%d statements depend on another, want one of the two", waits)
	}
}

func TestABusNeedsAName(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "event bus Bus: no name") {
			t.Errorf("panicked with %q", message)
		}
	}()
	resource.NewEventBus(stack, "Bus", "")
}
