package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

func TestTheFunctionsOfAContextMayTogetherPublishExactlyItsEvents(t *testing.T) {
	published := map[string][]string{}
	for function, types := range publications(t, synthesized(t, "prod")) {
		published[contextOf(t, function)] = append(published[contextOf(t, function)], types...)
	}
	want := map[string][]string{}
	for _, context := range contract.Catalogue().Contexts() {
		id := constructID(context)
		want[id] = event.Types(contract.Catalogue().PublishedBy(context)...)
		slices.Sort(published[id])
		published[id] = slices.Compact(published[id])
	}
	if diff := cmp.Diff(want, published); diff != "" {
		t.Errorf("published events by context (- declared, + permitted):\n%s", diff)
	}
}

// publications returns the events that each function may publish. A function that
// may publish more than certain events of one source fails the test.
func publications(t *testing.T, template synthtest.Template) map[string][]string {
	t.Helper()
	bySource := contract.Catalogue().BySource(contract.Catalogue().All()...)
	found := map[string][]string{}
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		function, isFunctions := strings.CutSuffix(resourceName(id), "RoleDefaultPolicy")
		if !isFunctions || strings.Contains(id, "Forward") {
			continue
		}
		for _, statement := range policy.PolicyDocument.Statement {
			if !slices.Contains(statement.Action, "events:PutEvents") {
				continue
			}
			conditions, present := statement.Condition["ForAllValues:StringEquals"], statement.Condition["Null"]
			source, types := conditions["events:source"], conditions["events:detail-type"]
			if len(source) != 1 || len(types) == 0 ||
				!slices.Equal(present["events:source"], synthtest.List{"false"}) || !slices.Equal(present["events:detail-type"], synthtest.List{"false"}) {
				t.Errorf("%s may publish without a condition: %+v", function, statement)
				continue
			}
			for _, eventType := range types {
				if !slices.Contains(bySource[string(source[0])], string(eventType)) {
					t.Errorf("%s may publish %s as %s, which has no such event", function, eventType, source[0])
				}
				found[function] = append(found[function], string(eventType))
			}
		}
	}
	return found
}

// resourceName is a logical id without the hash at its end, which the CDK adds.
func resourceName(logicalID string) string {
	return logicalID[:len(logicalID)-8]
}

func TestAFunctionUsesItsOwnContextOnly(t *testing.T) {
	template := synthesized(t, "prod")
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		owner := contextOf(t, id)
		for _, statement := range policy.PolicyDocument.Statement {
			for _, resource := range statement.Resource {
				shared := slices.Contains(statement.Action, "events:PutEvents") || strings.HasPrefix(string(resource), "DataKey")
				if !shared && !onlyTraces(statement) && !onlyReadsAlarms(statement) && contextOf(t, string(resource)) != owner {
					t.Errorf("%s may do %v on %s", id, statement.Action, resource)
				}
			}
		}
	}
}

// onlyTraces reports whether a statement allows to send traces and nothing else:
// IAM cannot restrict these actions to a resource.
func onlyTraces(statement synthtest.Statement) bool {
	return slices.Equal(statement.Action, []synthtest.Reference{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}) &&
		slices.Equal(statement.Resource, []synthtest.Reference{"*"})
}

// onlyReadsAlarms reports whether a statement allows to read alarms, and nothing else,
// as AWS's own policy for the role of CodeDeploy does.
func onlyReadsAlarms(statement synthtest.Statement) bool {
	return slices.Equal(statement.Action, []synthtest.Reference{"cloudwatch:DescribeAlarms"}) &&
		slices.Equal(statement.Resource, []synthtest.Reference{"*"})
}

// contextOf returns the part of the stack that a logical id belongs to.
func contextOf(t *testing.T, logicalID string) string {
	t.Helper()
	parts := []string{"Notification", "Observability"}
	for _, context := range contract.Catalogue().Contexts() {
		parts = append(parts, constructID(context))
	}
	for _, part := range parts {
		if strings.HasPrefix(logicalID, part) {
			return part
		}
	}
	t.Fatalf("%s belongs to no part of the stack", logicalID)
	return ""
}

func TestNoRoleMayDoEverything(t *testing.T) {
	template := synthesized(t, "prod")
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		for _, statement := range policy.PolicyDocument.Statement {
			if onlyTraces(statement) || onlyReadsAlarms(statement) {
				continue
			}
			for _, word := range slices.Concat(statement.Action, statement.Resource) {
				function, versions := strings.CutSuffix(string(word), ":*")
				if strings.Contains(function, "*") || versions && template.Resources[function].Type != functions {
					t.Errorf("%s allows %v on %v", id, statement.Action, statement.Resource)
				}
			}
		}
	}
	type role struct {
		ManagedPolicyArns []any
		Policies          []any
	}
	for id, properties := range synthtest.Properties[role](t, template, "AWS::IAM::Role") {
		if len(properties.ManagedPolicyArns)+len(properties.Policies) > 0 {
			t.Errorf("%s has further policies: %+v", id, properties)
		}
	}
}

func TestEveryFunctionIsTracedAndMaySendItsTracesOnce(t *testing.T) {
	template := synthesized(t, "prod")
	traces := map[string]int{}
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		for _, statement := range policy.PolicyDocument.Statement {
			if onlyTraces(statement) {
				traces[resourceName(id)]++
			}
		}
	}
	traced := synthtest.Properties[synthtest.Function](t, template, functions)
	for id, function := range traced {
		if function.TracingConfig.Mode != "Active" || traces[resourceName(id)+"RoleDefaultPolicy"] != 1 {
			t.Errorf("%s has the tracing mode %q and %d statements to send traces", id, function.TracingConfig.Mode, traces[resourceName(id)+"RoleDefaultPolicy"])
		}
	}
	if len(traces) != len(traced) {
		t.Errorf("%d roles may send traces of %d functions: %v", len(traces), len(traced), traces)
	}
}

func TestWithATracedShareOfZeroNothingHasToDoWithXRay(t *testing.T) {
	settings := settingsOf(t, "prod")
	settings.TracedShare = 0
	template := synthesizeAgain(t, settings, synthtest.AddSecurityRules)
	for id, function := range synthtest.Properties[synthtest.Function](t, template, functions) {
		if share := function.Environment.Variables["TRACED_SHARE"]; function.TracingConfig.Mode != "PassThrough" || share != "0" {
			t.Errorf("%s has the tracing mode %q and traces a share of %q", id, function.TracingConfig.Mode, share)
		}
	}
	if strings.Contains(template.String(), "xray:") {
		t.Error("a role may use X-Ray")
	}
}

func TestEveryFunctionHasItsOwnRole(t *testing.T) {
	owners := map[synthtest.Reference]string{}
	for id, function := range synthtest.Properties[synthtest.Function](t, synthesized(t, "prod"), functions) {
		if other, taken := owners[function.Role]; taken {
			t.Errorf("%s and %s share a role", id, other)
		}
		owners[function.Role] = id
	}
}

func TestOnlyTheSweeperQueriesAndOnlyTheIndex(t *testing.T) {
	template := synthesized(t, "prod")
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		for _, statement := range policy.PolicyDocument.Statement {
			if !slices.Contains(statement.Action, "dynamodb:Query") {
				continue
			}
			if !strings.HasPrefix(id, "OrderSweeper") || len(statement.Action) != 1 || len(statement.Resource) != 1 ||
				statement.Resource[0] != "OrderTableA6ACA365/index/due" {
				t.Errorf("%s allows %v on %v", id, statement.Action, statement.Resource)
			}
		}
	}
}

func TestTheOrderAPINeedsSignaturesUnlessASettingOpensIt(t *testing.T) {
	for _, name := range environment.Names() {
		checkAccess(t, settingsOf(t, name), synthesized(t, name))
	}
	// Both are valid in AWS, whichever the environments have.
	settings := settingsOf(t, "prod")
	settings.Limits.API = 7
	for _, access := range []environment.Access{environment.Signed, environment.OpenToEveryone} {
		settings.Orders = access
		checkAccess(t, settings, synthesizedWith(t, settings))
	}
}

func TestTheOrderAPIIsThrottledByItsLimitAndNothingElseIs(t *testing.T) {
	settings := settingsOf(t, "prod")
	settings.Limits.API = 7
	for id, function := range synthtest.Properties[synthtest.Function](t, synthesizedWith(t, settings), functions) {
		if throttled := function.ReservedConcurrentExecutions == 7; throttled != strings.HasPrefix(id, "OrderApi") {
			t.Errorf("%s has %d executions reserved", id, function.ReservedConcurrentExecutions)
		}
	}
}

func TestOnlyTheOrderAPIReadsTheSecretOfOrderKeys(t *testing.T) {
	template := synthesized(t, "prod")
	var readers []string
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		for _, statement := range policy.PolicyDocument.Statement {
			for _, action := range statement.Action {
				if !strings.HasPrefix(string(action), "secretsmanager:") {
					continue
				}
				readers = append(readers, resourceName(id))
				if action != "secretsmanager:GetSecretValue" || len(statement.Resource) != 1 || resourceName(string(statement.Resource[0])) != "OrderKeys" {
					t.Errorf("%s allows %v on %v", id, statement.Action, statement.Resource)
				}
			}
		}
	}
	if !slices.Equal(readers, []string{"OrderApiRoleDefaultPolicy"}) {
		t.Errorf("secrets are read by %v", readers)
	}
	withSecret := 0
	for id, function := range synthtest.Properties[synthtest.Function](t, template, functions) {
		for name, value := range function.Environment.Variables {
			if strings.Contains(string(value), "OrderKeys") {
				withSecret++
				if name != "KEYS_SECRET_ARN" || !strings.HasPrefix(id, "OrderApi") {
					t.Errorf("%s has %s as %s", id, value, name)
				}
			}
		}
	}
	if withSecret != 1 {
		t.Errorf("%d functions have the secret", withSecret)
	}
}

func checkAccess(t *testing.T, settings environment.Settings, template synthtest.Template) {
	t.Helper()
	type functionURL struct{ AuthType string }
	type permission struct {
		Action                string
		Principal             string
		FunctionUrlAuthType   string
		InvokedViaFunctionUrl bool
	}
	name, want, access := settings.Name, "AWS_IAM", "signed"
	if settings.Orders == environment.OpenToEveryone {
		want, access = "NONE", "open"
	}
	for id, function := range synthtest.Properties[synthtest.Function](t, template, functions) {
		if got := function.Environment.Variables["ORDERS_ACCESS"]; strings.HasPrefix(id, "OrderApi") != (string(got) == access) {
			t.Errorf("%s of %s has the access %q", id, name, got)
		}
	}
	for id, properties := range synthtest.Properties[functionURL](t, template, "AWS::Lambda::Url") {
		if properties.AuthType != want {
			t.Errorf("%s of %s has the type %s, want %s", id, name, properties.AuthType, want)
		}
	}
	// A public function URL needs both permissions, any other none.
	public := map[string]bool{}
	for _, properties := range synthtest.Properties[permission](t, template, "AWS::Lambda::Permission") {
		if properties.Principal == "*" && (properties.FunctionUrlAuthType == "NONE" || properties.InvokedViaFunctionUrl) {
			public[properties.Action] = true
		} else if properties.Principal == "*" {
			t.Errorf("in %s any principal may do %s", name, properties.Action)
		}
	}
	var expected []string
	if want == "NONE" {
		expected = []string{"lambda:InvokeFunction", "lambda:InvokeFunctionUrl"}
	}
	if got := slices.Sorted(maps.Keys(public)); !slices.Equal(got, expected) {
		t.Errorf("in %s any principal may do %v, want %v", name, got, expected)
	}
}
