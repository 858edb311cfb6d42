package resource_test

import (
	"maps"
	"regexp"
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

func TestTheStatementsOfABusCarryItsName(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	long := strings.Repeat("x", 60)
	for id, name := range map[string]string{"Bus": "bank", "Own": "bank_2-own", "Dotted": "bank.dotted", "Long": long + "a", "Longer": long + "b"} {
		resource.NewEventBus(stack, id, name)
	}
	ids := map[string]bool{}
	for logicalID, policy := range synthtest.Properties[struct{ StatementId string }](t, synthtest.Synth(t, stack), "AWS::Events::EventBusPolicy") {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(policy.StatementId) {
			t.Errorf("%s has the id %s, which EventBridge does not accept", logicalID, policy.StatementId)
		}
		ids[policy.StatementId] = true
	}
	if len(ids) != 10 {
		t.Errorf("the 10 statements of 5 buses have the ids %v", slices.Sorted(maps.Keys(ids)))
	}
	for _, id := range []string{
		"cdk-DenyOtherAccounts-bank", "cdk-DenyServicesForOtherAccounts-bank", "cdk-DenyServicesForOtherAccounts-bank_2-own", "cdk-DenyOtherAccounts-Bank-Dotted-D1BB69E7",
	} {
		if !ids[id] {
			t.Errorf("no statement has the id %s, but %v", id, slices.Sorted(maps.Keys(ids)))
		}
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
