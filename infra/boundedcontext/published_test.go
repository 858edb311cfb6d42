package boundedcontext_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/shift"
	"example.com/saga/infra/synthtest"
)

func TestAFunctionThatIsShiftedIsRolledBackOnItsFailuresAndDeadLetters(t *testing.T) {
	stack, props := valid(t)
	props.Worker.Shift = shift.Canary10Percent30Minutes
	props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
	ledger := boundedcontext.New(stack, "Ledger", props)
	clerk := props.Worker
	clerk.Publishes = nil
	ledger.AddScheduledFunction("Clerk", time.Minute, clerk)
	clerk.Shift = shift.AllAtOnce
	ledger.AddFunction("Api", clerk)
	template := synthtest.Synth(t, stack)
	got := map[string][]string{}
	for id, group := range synthtest.Properties[synthtest.DeploymentGroup](t, template, "AWS::CodeDeploy::DeploymentGroup") {
		for _, alarm := range group.AlarmConfiguration.Alarms {
			got[withoutHash(synthtest.Reference(id))] = append(got[withoutHash(synthtest.Reference(id))], withoutHash(alarm.Name))
		}
		if group.DeploymentConfigName != "CodeDeployDefault.LambdaCanary10Percent30Minutes" {
			t.Errorf("%s has the configuration %s", id, group.DeploymentConfigName)
		}
	}
	want := map[string][]string{
		"LedgerWorkerLiveDeployment": {"LedgerWorkerFailing", "LedgerDeadLettersNotEmpty"},
		"LedgerClerkLiveDeployment":  {"LedgerClerkFailing", "LedgerDeadLettersNotEmpty", "LedgerClerkScheduleDeadLettersNotEmpty"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (- want, + got):\n%s", diff)
	}
}

// CodeDeploy uses the role while the alias is updated.
func TestADeploymentGroupIsMadeAfterThePermissionsOfItsRole(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) { props.Worker.Shift = shift.Linear10PercentEvery3Minutes })
	for id := range synthtest.Properties[synthtest.DeploymentGroup](t, template, "AWS::CodeDeploy::DeploymentGroup") {
		if !slices.ContainsFunc(template.Resources[id].DependsOn, func(dependency synthtest.Reference) bool {
			return withoutHash(dependency) == "LedgerDeploymentRoleDefaultPolicy"
		}) {
			t.Errorf("%s depends on %v", id, template.Resources[id].DependsOn)
		}
	}
}

func TestAFunctionThatIsShiftedAtOnceNeedsNoDeploymentGroup(t *testing.T) {
	stack, props := valid(t)
	ledger := boundedcontext.New(stack, "Ledger", props)
	ledger.RollBackOn(alarm(stack, "Slow"))
	if text := synthtest.Synth(t, stack).String(); strings.Contains(text, "CodeDeploy") || strings.Contains(text, "UpdatePolicy") {
		t.Error("there is something of CodeDeploy")
	}
}

func TestAFunctionThatIsNotMonitoredIsNotShifted(t *testing.T) {
	stack, props := valid(t)
	quiet := constructs.NewConstruct(stack, new("Quiet"))
	resource.DisableMonitoring(quiet)
	props.Worker.Shift = shift.Canary10Percent30Minutes
	message := synthtest.PanicMessage(func() { boundedcontext.New(quiet, "Ledger", props) })
	if want := "function Bank/Quiet/Ledger/Worker: without monitoring, nothing would roll back the shift Canary10Percent30Minutes"; message != want {
		t.Errorf("panicked with %q, want %q", message, want)
	}
}

func TestAnAlarmRollsBackOnceAndTenAlarmsAtMost(t *testing.T) {
	stack, props := valid(t)
	props.Worker.Shift = shift.Canary10Percent30Minutes
	ledger := boundedcontext.New(stack, "Ledger", props)
	for n := range 8 { // Two are its own.
		more := alarm(stack, fmt.Sprint("More", n))
		ledger.RollBackOn(more, more)
	}
	message := synthtest.PanicMessage(func() { ledger.Worker.RollBackOn(alarm(stack, "Eleventh")) })
	if want := "function Bank/Ledger/Worker: it is rolled back on more than 10 alarms"; message != want {
		t.Errorf("panicked with %q, want %q", message, want)
	}
	for id, group := range synthtest.Properties[synthtest.DeploymentGroup](t, synthtest.Synth(t, stack), "AWS::CodeDeploy::DeploymentGroup") {
		if count := len(group.AlarmConfiguration.Alarms); count != 10 {
			t.Errorf("%s has %d alarms", id, count)
		}
	}
}

func TestTheFindingsOfTheSecurityRulesInADeploymentAreSuppressedWithAReason(t *testing.T) {
	stack, props := valid(t)
	props.Worker.Shift = shift.Canary10Percent30Minutes
	boundedcontext.New(stack, "Ledger", props)
	synthtest.AddSecurityRules(stack)
	synthtest.Synth(t, stack)
}

func alarm(stack awscdk.Stack, id string) awscloudwatch.Alarm {
	return resource.NewAlarm(stack, id, resource.AlarmProps{
		Metric: resource.NewMetric(resource.MetricProps{Namespace: "bank", Name: id, Statistic: resource.Sum}),
		Advice: "It is slow.", Runbook: "slow.md",
	})
}
