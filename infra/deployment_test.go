package main

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/shift"
	"example.com/saga/infra/synthtest"
	"example.com/saga/pkg/contract"
)

const (
	aliases          = "AWS::Lambda::Alias"
	versions         = "AWS::Lambda::Version"
	deploymentGroups = "AWS::CodeDeploy::DeploymentGroup"
)

// Whatever names the function itself invokes its newest version, which may be one that
// is being shifted in or has been rolled back.
func TestEverythingThatInvokesAFunctionNamesItsAlias(t *testing.T) {
	// These name a function to publish it, to move its alias, or to measure it.
	allowed := []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", aliases, versions}
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		known := synthtest.Properties[synthtest.Function](t, template, functions)
		for id, resource := range template.Resources {
			moves := strings.HasSuffix(resourceName(id), "DeploymentRoleDefaultPolicy")
			if moves || slices.Contains(allowed, resource.Type) || hasAlias(t, template, resource) {
				continue
			}
			var properties any
			if err := json.Unmarshal(resource.Properties, &properties); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			for _, function := range references(properties) {
				if _, isFunction := known[function]; isFunction {
					t.Errorf("%s of %s (%s) names %s without its alias", id, name, resource.Type, function)
				}
			}
		}
	}
}

// hasAlias reports whether a resource has a function and, as its qualifier, the alias.
func hasAlias(t *testing.T, template synthtest.Template, resource synthtest.Resource) bool {
	t.Helper()
	switch resource.Type {
	case "AWS::Lambda::Url":
		var url synthtest.URL
		if err := json.Unmarshal(resource.Properties, &url); err != nil {
			t.Fatal(err)
		}
		return url.Qualifier == boundedcontext.Alias
	case "AWS::Lambda::EventInvokeConfig":
		var config synthtest.EventInvokeConfig
		if err := json.Unmarshal(resource.Properties, &config); err != nil {
			t.Fatal(err)
		}
		function, isAlias := template.Behind(config.Qualifier)
		return isAlias && function == string(config.FunctionName)
	}
	return false
}

// references returns the logical ids to which a part of a template refers.
func references(value any) []string {
	var ids []string
	switch value := value.(type) {
	case map[string]any:
		if id, isReference := value["Ref"].(string); isReference {
			ids = append(ids, id)
		}
		if attribute, isAttribute := value["Fn::GetAtt"].([]any); isAttribute {
			ids = append(ids, attribute[0].(string))
		}
		for _, member := range value {
			ids = append(ids, references(member)...)
		}
	case []any:
		for _, element := range value {
			ids = append(ids, references(element)...)
		}
	}
	return ids
}

func TestEveryFunctionHasOneAliasOfItsCurrentVersion(t *testing.T) {
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		var behind []string
		for id, alias := range synthtest.Properties[synthtest.Alias](t, template, aliases) {
			behind = append(behind, string(alias.FunctionName))
			version := template.Resources[string(alias.FunctionVersion)]
			if alias.Name != boundedcontext.Alias || version.Type != versions {
				t.Errorf("%s of %s has the name %q and is of %s", id, name, alias.Name, alias.FunctionVersion)
			}
			// A version that was never live is deleted, or it could not be deployed again.
			if version.DeletionPolicy != "RetainExceptOnCreate" {
				t.Errorf("%s of %s is deleted by the policy %q", alias.FunctionVersion, name, version.DeletionPolicy)
			}
		}
		slices.Sort(behind)
		want := slices.Sorted(maps.Keys(synthtest.Properties[synthtest.Function](t, template, functions)))
		if diff := cmp.Diff(want, behind); diff != "" {
			t.Errorf("functions of %s (- all, + with an alias):\n%s", name, diff)
		}
	}
}

func TestANewVersionTakesOverAsTheSettingsSay(t *testing.T) {
	for _, name := range environment.Names() {
		template, settings := synthesized(t, name), settingsOf(t, name)
		for id, alias := range synthtest.Properties[synthtest.Alias](t, template, aliases) {
			want := settings.Deployment.Workers
			if resourceName(string(alias.FunctionName)) == "OrderApi" {
				want = settings.Deployment.API
			}
			got := shift.AllAtOnce
			if group := template.Resources[id].UpdatePolicy.CodeDeployLambdaAliasUpdate.DeploymentGroupName; group != "" {
				got = shiftOf(t, template, string(group))
			}
			if got != want {
				t.Errorf("%s of %s is shifted by %q, want %q", id, name, got, want)
			}
		}
	}
}

func shiftOf(t *testing.T, template synthtest.Template, group string) shift.Shift {
	t.Helper()
	configuration := synthtest.Properties[synthtest.DeploymentGroup](t, template, deploymentGroups)[group].DeploymentConfigName
	name, isLambda := strings.CutPrefix(configuration, "CodeDeployDefault.Lambda")
	if !isLambda {
		t.Errorf("%s has the configuration %q", group, configuration)
	}
	return shift.Shift(name)
}

// shifted returns the template of prod with gradual shifts, which a repair may have
// switched off.
func shifted(t *testing.T) synthtest.Template {
	t.Helper()
	settings := settingsOf(t, "prod")
	settings.Deployment = environment.Deployment{API: shift.Canary10Percent30Minutes, Workers: shift.Linear10PercentEvery3Minutes}
	return synthesizedWith(t, settings)
}

// A bad version fails itself, or its events become dead letters where they are handled.
func TestABadVersionIsRolledBack(t *testing.T) {
	template := shifted(t)
	known := synthtest.Properties[synthtest.Alarm](t, template, alarms)
	own := map[string][]string{
		"OrderApi":     {"OrderApiFailing", "FrontDoorFailing", "FrontDoorSlow"},
		"OrderSweeper": {"OrderSweeperFailing", "OrderSweeperScheduleDeadLettersNotEmpty"},
	}
	var always []string
	for _, context := range contract.Catalogue().Contexts() {
		id := constructID(context)
		always = append(always, id+"DeadLettersNotEmpty")
		own[id+"Worker"] = []string{id + "WorkerFailing"}
	}
	want, got := map[string][]string{}, map[string][]string{}
	for function, alarms := range own {
		want[function] = slices.Sorted(slices.Values(slices.Concat(always, alarms)))
	}
	for id, group := range synthtest.Properties[synthtest.DeploymentGroup](t, template, deploymentGroups) {
		function := strings.TrimSuffix(resourceName(id), "LiveDeployment")
		for _, alarm := range group.AlarmConfiguration.Alarms {
			if _, exists := known[string(alarm.Name)]; !exists {
				t.Errorf("%s watches %s, which is no alarm", id, alarm.Name)
			}
			got[function] = append(got[function], resourceName(string(alarm.Name)))
		}
		slices.Sort(got[function])
		rollback := group.AutoRollbackConfiguration
		events := []string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
		slices.Sort(rollback.Events)
		if !group.AlarmConfiguration.Enabled || !rollback.Enabled || !slices.Equal(rollback.Events, events) {
			t.Errorf("%s is rolled back on %v", id, rollback)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms that roll back (- want, + got):\n%s", diff)
	}
}

func TestAnAlarmIsRaisedBeforeTheShiftIsOver(t *testing.T) {
	template := shifted(t)
	known := synthtest.Properties[synthtest.Alarm](t, template, alarms)
	for id, group := range synthtest.Properties[synthtest.DeploymentGroup](t, template, deploymentGroups) {
		how := shiftOf(t, template, id)
		for _, alarm := range group.AlarmConfiguration.Alarms {
			properties := known[string(alarm.Name)]
			period := properties.Period
			for _, metric := range properties.Metrics {
				period = max(period, metric.MetricStat.Period)
			}
			// A failure that begins within a period is measured at its end.
			needed := time.Duration(properties.EvaluationPeriods+1) * time.Duration(period) * time.Second
			if period == 0 || needed > 20*time.Minute || duration(t, how) <= needed {
				t.Errorf("%s is raised after %s, and %s takes %s", alarm.Name, needed, how, duration(t, how))
			}
		}
	}
}

func TestEveryShiftTakesLongerThanAnAlarmNeeds(t *testing.T) {
	for _, how := range []shift.Shift{shift.Canary10Percent30Minutes, shift.Linear10PercentEvery3Minutes, shift.Linear10PercentEvery10Minutes} {
		if err := how.Validate(); err != nil {
			t.Error(err)
		}
		if duration(t, how) <= 20*time.Minute {
			t.Errorf("%s takes %s", how, duration(t, how))
		}
	}
}

// duration returns how long a shift takes, by its name: a canary has one step, and a
// linear shift one for each tenth after the first.
func duration(t *testing.T, how shift.Shift) time.Duration {
	t.Helper()
	parts := regexp.MustCompile(`^(Canary|Linear)10Percent(?:Every)?(\d+)Minutes$`).FindStringSubmatch(string(how))
	if parts == nil {
		t.Fatalf("the shift %q has another name", how)
	}
	minutes, err := strconv.Atoi(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	if parts[1] == "Linear" {
		minutes *= 9
	}
	return time.Duration(minutes) * time.Minute
}

func TestCodeDeployMovesTheAliasesOfItsOwnContextOnly(t *testing.T) {
	template := shifted(t)
	for id, group := range synthtest.Properties[synthtest.DeploymentGroup](t, template, deploymentGroups) {
		if contextOf(t, id) != contextOf(t, string(group.ServiceRoleArn)) {
			t.Errorf("%s has the role %s", id, group.ServiceRoleArn)
		}
	}
	movers := 0
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		for _, statement := range policy.PolicyDocument.Statement {
			if !slices.Contains(statement.Action, "lambda:UpdateAlias") {
				continue
			}
			movers++
			for _, resource := range statement.Resource {
				function := strings.TrimSuffix(string(resource), ":*")
				if template.Resources[function].Type != functions || contextOf(t, function) != contextOf(t, id) {
					t.Errorf("%s moves the alias of %s", id, resource)
				}
			}
		}
	}
	if movers != len(contract.Catalogue().Contexts()) {
		t.Errorf("%d roles move aliases, want one of each context", movers)
	}
}
