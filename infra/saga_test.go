package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
	"example.com/saga/pkg/contract"
)

func TestTablesAreProtectedInProduction(t *testing.T) {
	for name, protected := range map[string]bool{"local": false, "dev": false, "staging": true, "prod": true} {
		template := synthesized(t, name)
		deletion, replacement := "Delete", "Delete"
		if protected {
			deletion, replacement = "RetainExceptOnCreate", "Retain"
		}
		for id, table := range synthtest.Properties[synthtest.Table](t, template, tables) {
			if table.DeletionProtectionEnabled != protected {
				t.Errorf("%s of %s: deletion protection is %t", id, name, table.DeletionProtectionEnabled)
			}
			if got := table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled; got != protected {
				t.Errorf("%s of %s: point-in-time recovery is %t", id, name, got)
			}
			resource := template.Resources[id]
			if resource.DeletionPolicy != deletion || resource.UpdateReplacePolicy != replacement {
				t.Errorf("%s of %s: its deletion policy is %s, its replacement policy %s", id, name, resource.DeletionPolicy, resource.UpdateReplacePolicy)
			}
		}
	}
}

func TestAProtectedStackHasAnAccountAndIsNotDeletedByMistake(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		stack := newSaga(synthtest.NewApp(t, "../cdk.json"), settings, placeholders(t))
		pinned := *stack.Account() == settings.Account && *stack.Region() == settings.Region
		if protected := *stack.TerminationProtection(); protected != settings.Protected || protected && !pinned {
			t.Errorf("%s is protected: %t, and is deployed to %s in %s", name, protected, *stack.Account(), *stack.Region())
		}
	}
}

func TestTablesAreBilledByUseAndDeleteWhatExpired(t *testing.T) {
	for id, table := range synthtest.Properties[synthtest.Table](t, synthesized(t, "prod"), tables) {
		if table.BillingMode != "PAY_PER_REQUEST" {
			t.Errorf("%s is billed by %s", id, table.BillingMode)
		}
		if ttl := table.TimeToLiveSpecification; !ttl.Enabled || ttl.AttributeName != "expires_at" {
			t.Errorf("%s expires by %+v", id, ttl)
		}
	}
}

func TestOnlyBusesTheDashboardAndTheRegistryHaveNamesOfTheirOwn(t *testing.T) {
	want := []string{"saga-prod", "saga-prod", "saga-prod", "saga-prod-loyalty"}
	var got []string
	for id, resource := range synthesized(t, "prod").Resources {
		if resource.Type == aliases || resource.Type == "AWS::EventSchemas::Schema" {
			continue // Its name is one within its function, or its registry.
		}
		var properties map[string]any
		if err := json.Unmarshal(resource.Properties, &properties); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		for _, property := range []string{"Name", "QueueName", "TableName", "FunctionName", "RoleName", "LogGroupName", "AlarmName", "DashboardName", "TopicName", "ArchiveName", "AliasName", "RegistryName"} {
			if name, literal := properties[property].(string); literal {
				got = append(got, name)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("physical names (- want, + got):\n%s", diff)
	}
}

func TestEveryFunctionHasTheVariablesThatItNeeds(t *testing.T) {
	template := synthesized(t, "prod")
	for id, function := range synthtest.Properties[synthtest.Function](t, template, functions) {
		variables := function.Environment.Variables
		want := []string{"EVENT_BUS_NAME", "GOMAXPROCS", "GOMEMLIMIT", "LOG_LEVEL", "METRICS_NAMESPACE", "RETENTION", "SERVICE_NAME", "TABLE_NAME"}
		if strings.Contains(id, "Worker") {
			want = append(want, "DEAD_LETTER_QUEUE_URL")
			if contextOf(t, id) != "Loyalty" {
				want = append(want, "QUEUE_URL") // to delay what failed
			}
			if contextOf(t, id) == "Order" {
				want = append(want, "IMMEDIATE_QUEUE_URL")
			}
		} else {
			want = append(want, "DEADLINE")
		}
		if strings.Contains(id, "Api") {
			// Traces begin in the order API, and so do orders.
			want = append(want, "KEYS_SECRET_ARN", "ORDERS_ACCESS", "TRACED_SHARE")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(variables))); diff != "" {
			t.Errorf("variables of %s (- want, + got):\n%s", id, diff)
		}
		if !strings.EqualFold(string(variables["SERVICE_NAME"]), contextOf(t, id)) {
			t.Errorf("%s has the service name %s", id, variables["SERVICE_NAME"])
		}
		if function.Runtime != "provided.al2023" || !slices.Equal(function.Architectures, []string{"arm64"}) || function.Handler != "bootstrap" {
			t.Errorf("%s runs %s on %v with handler %s", id, function.Runtime, function.Architectures, function.Handler)
		}
	}
}

func TestConcurrencyIsLimitedByTheSettings(t *testing.T) {
	for _, name := range environment.Names() {
		template, limits := synthesized(t, name), settingsOf(t, name).Limits
		for id, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, mappings) {
			if got := mapping.ScalingConfig.MaximumConcurrency; got != limits.QueueWorkers {
				t.Errorf("%s of %s handles %d batches at once, want %d", id, name, got, limits.QueueWorkers)
			}
		}
		for id, function := range synthtest.Properties[synthtest.Function](t, template, functions) {
			want := 0 // The workers of queues are limited by the polling, the sweeper by its schedule.
			if strings.Contains(id, "Api") {
				want = limits.API
			} else if contextOf(t, id) == "Loyalty" {
				want = limits.DirectWorkers
			}
			if got := function.ReservedConcurrentExecutions; got != want {
				t.Errorf("%s of %s has %d executions reserved, want %d", id, name, got, want)
			}
		}
	}
}

// The check of the account's quota counts the queues by the contexts.
func TestThereAreNotMorePolledQueuesThanContexts(t *testing.T) {
	polled := synthtest.Properties[synthtest.EventSourceMapping](t, synthesized(t, "prod"), mappings)
	if contexts := contract.Catalogue().Contexts(); len(polled) > len(contexts) {
		t.Errorf("%d queues are polled, and there are %d contexts", len(polled), len(contexts))
	}
}

func TestANotificationIsACloudEventWithTheAPIKey(t *testing.T) {
	type parameter struct {
		Key, Value    string
		IsValueSecret bool
	}
	type connection struct {
		AuthParameters struct {
			ApiKeyAuthParameters struct {
				ApiKeyName  string
				ApiKeyValue synthtest.Reference
			}
			InvocationHttpParameters struct{ HeaderParameters []parameter }
		}
	}
	for id, properties := range synthtest.Properties[connection](t, synthesized(t, "prod"), "AWS::Events::Connection") {
		key := properties.AuthParameters.ApiKeyAuthParameters
		if key.ApiKeyName != "x-api-key" || !strings.Contains(string(key.ApiKeyValue), "{{resolve:secretsmanager:") {
			t.Errorf("%s authorizes with %+v", id, key)
		}
		want := []parameter{{Key: "Content-Type", Value: "application/cloudevents+json; charset=UTF-8"}}
		if diff := cmp.Diff(want, properties.AuthParameters.InvocationHttpParameters.HeaderParameters); diff != "" {
			t.Errorf("headers of %s (- want, + got):\n%s", id, diff)
		}
	}
}

func TestEverythingOnTheGlobalBusIsObserved(t *testing.T) {
	for name, want := range map[string][]string{
		"local": {"ToLogs", "ToQueue"}, "dev": {"ToLogs", "ToQueue"}, "staging": {"ToLogs", "ToQueue"}, "prod": {"ToLogs"},
	} {
		var got []string
		for id, rule := range synthtest.Properties[synthtest.Rule](t, synthesized(t, name), rules) {
			if to, observes := strings.CutPrefix(resourceName(id), "Observability"); observes && resourceName(string(rule.EventBusName)) == "GlobalBus" {
				got = append(got, to)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rules of %s that observe (- want, + got):\n%s", name, diff)
		}
	}
}

func TestOnlyASettingMakesAQueueWithEveryEvent(t *testing.T) {
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		is := slices.ContainsFunc(ids(t, template, queues), func(id string) bool { return resourceName(id) == "ObservabilityQueue" })
		_, named := template.Outputs["ObservabilityQueueUrl"]
		if want := settingsOf(t, name).ObservabilityQueue; is != want || named != want {
			t.Errorf("in %s there is a queue: %t, and an output with its URL: %t, want %t", name, is, named, want)
		}
	}
}

func TestEveryEventIsArchivedAsLongAsContextsRememberThatTheyHandledIt(t *testing.T) {
	template := synthesized(t, "prod")
	kept := synthtest.Properties[synthtest.Archive](t, template, archives)
	if len(kept) != 1 {
		t.Errorf("there are %d archives", len(kept))
	}
	for id, archive := range kept {
		if resourceName(string(archive.SourceArn)) != "GlobalBus" {
			t.Errorf("%s is of %s", id, archive.SourceArn)
		}
		everything := map[string][]synthtest.Reference{"account": {synthtest.Reference(settingsOf(t, "prod").Account)}}
		if diff := cmp.Diff(everything, archive.EventPattern); diff != "" {
			t.Errorf("%s does not keep everything of the own account (- want, + got):\n%s", id, diff)
		}
		for function, properties := range synthtest.Properties[synthtest.Function](t, template, functions) {
			remembered, err := time.ParseDuration(string(properties.Environment.Variables["RETENTION"]))
			if err != nil || remembered != time.Duration(archive.RetentionDays)*24*time.Hour {
				t.Errorf("%s keeps events for %d days, and %s remembers them for %s (%v)", id, archive.RetentionDays, function, remembered, err)
			}
		}
	}
}

func TestTheStackHasAnOutputForEachTableQueueAndAddress(t *testing.T) {
	want := []string{"GlobalBusName", "OrderImmediateQueueUrl", "OrdersUrl"}
	for _, context := range contract.Catalogue().Contexts() {
		want = append(want, constructID(context)+"TableName")
		if context != contract.SourceLoyalty { // Its function is invoked directly.
			want = append(want, constructID(context)+"QueueUrl")
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(synthesized(t, "prod").Outputs))); diff != "" {
		t.Errorf("outputs (- want, + got):\n%s", diff)
	}
}

func TestAnEnvironmentIsNotSynthesizedForTheAccountOfAnother(t *testing.T) {
	t.Setenv("CDK_DEFAULT_ACCOUNT", settingsOf(t, "prod").Account)
	const want = "environments dev and prod are both in account 222222222222"
	if err := synthesize(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestAnExecutableThatIsMissingIsNamed(t *testing.T) {
	const missing = "warehouse/worker/bootstrap"
	folder := string(placeholders(t))
	if err := os.Remove(filepath.Join(folder, missing)); err != nil {
		t.Fatal(err)
	}
	_, err := findArtefacts(folder, services)
	if err == nil || !strings.Contains(err.Error(), missing+": run make build") {
		t.Fatalf("got %v, want an error that names %s", err, missing)
	}
	if strings.Contains(err.Error(), "api") {
		t.Errorf("an executable that exists is named too: %v", err)
	}
}

func TestEveryCommandOfAServiceIsAFunctionOfTheStack(t *testing.T) {
	built, err := commands(services)
	if err != nil {
		t.Fatal(err)
	}
	if used := len(synthtest.Properties[synthtest.Function](t, synthesized(t, "prod"), functions)); used != len(built) {
		t.Errorf("the stack has %d functions, the services have the commands %v", used, built)
	}
}

func TestAFolderWithoutServicesIsRefused(t *testing.T) {
	if _, err := findArtefacts(t.TempDir(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no function") {
		t.Errorf("got %v, want an error", err)
	}
}

func TestTheSchemasOfAllEventsAreInARegistryIfItsSettingIsOn(t *testing.T) {
	for _, name := range environment.Names() {
		got := map[string]int{}
		for _, resource := range synthesized(t, name).Resources {
			if strings.HasPrefix(resource.Type, "AWS::EventSchemas::") {
				got[resource.Type]++
			}
		}
		want := map[string]int{}
		if settingsOf(t, name).SchemaRegistry {
			want = map[string]int{"AWS::EventSchemas::Registry": 1, "AWS::EventSchemas::Schema": len(contract.Catalogue().All())}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the schemas of %s (-want +got):\n%s", name, diff)
		}
	}
}
