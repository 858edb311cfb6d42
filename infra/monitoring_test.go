package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/infra/dashboard"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
	"example.com/saga/pkg/contract"
)

const docs = "../docs"

// onDashboard returns, by the names of metrics, the logical ids of the resources
// whose metric is on the dashboard.
func onDashboard(t *testing.T, template synthtest.Template) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	for _, dashboard := range synthtest.Properties[synthtest.Dashboard](t, template, "AWS::CloudWatch::Dashboard") {
		var body struct {
			Widgets []struct {
				Properties struct {
					Metrics [][]any
					Alarms  []string
				}
			}
		}
		if err := json.Unmarshal([]byte(dashboard.DashboardBody), &body); err != nil {
			t.Fatalf("the dashboard is no JSON: %v", err)
		}
		for _, widget := range body.Widgets {
			for _, id := range widget.Properties.Alarms {
				addID(found, "alarm", id)
			}
			for _, metric := range widget.Properties.Metrics {
				if len(metric) == 1 {
					continue // An expression, whose metrics follow.
				}
				// Namespace, name, and the dimensions' names and values.
				for _, member := range metric[2:] {
					addID(found, fmt.Sprint(metric[1]), fmt.Sprint(member))
				}
			}
		}
	}
	return found
}

func addID(found map[string]map[string]bool, name, id string) {
	if found[name] == nil {
		found[name] = map[string]bool{}
	}
	found[name][id] = true
}

// ids returns the logical ids of a type, sorted.
func ids(t *testing.T, template synthtest.Template, resourceType string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(synthtest.Properties[map[string]any](t, template, resourceType)))
}

func TestEverythingInTheStackIsOnTheDashboard(t *testing.T) {
	for _, name := range environment.Names() {
		template := monitored(t, name)
		shown := onDashboard(t, template)
		for resourceType, metrics := range map[string][]string{
			queues:    {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"},
			functions: {"Errors", "Throttles", "Duration", "Invocations", "AsyncEventAge", "DeadLetterErrors"},
			rules:     {"Invocations", "FailedInvocations", "InvocationsFailedToBeSentToDlq", "RetryInvocationAttempts"},
			tables:    {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"},
			logGroups: {"IncomingBytes"},
			alarms:    {"alarm"},
		} {
			for _, id := range ids(t, template, resourceType) {
				for _, metric := range metrics {
					if !shown[metric][id] {
						t.Errorf("in %s the dashboard does not show %s of %s", name, metric, id)
					}
				}
			}
		}
	}
}

func TestMonitoringIsASettingAndChangesNothingElse(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		settings.AlarmAddress = "on-call@example.com"  // Without alarms it needs no topic.
		settings.Deployment = environment.Deployment{} // Alarms roll a shift back.
		settings.Monitoring = true
		with := synthesizedWith(t, settings)
		settings.Monitoring = false
		without := synthesizedWith(t, settings)
		of := map[string]int{}
		for id, resource := range with.Resources {
			if _, has := without.Resources[id]; !has {
				of[resource.Type]++
			}
		}
		watching := []string{alarms, dashboards, "AWS::KMS::Key", "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"}
		for _, resourceType := range watching {
			if strings.Contains(without.String(), `"Type": "`+resourceType+`"`) {
				t.Errorf("without monitoring %s has an %s", name, resourceType)
			}
			delete(of, resourceType)
		}
		delete(of, versions) // Each is of a function with other variables.
		if len(of) > 0 {
			t.Errorf("without monitoring %s lacks %v", name, of)
		}
		for id, function := range synthtest.Properties[synthtest.Function](t, without, functions) {
			if namespace, isSet := function.Environment.Variables["METRICS_NAMESPACE"]; namespace != "" || !isSet {
				t.Errorf("without monitoring %s of %s writes metrics in %q", id, name, namespace)
			}
		}
		for id, function := range synthtest.Properties[synthtest.Function](t, with, functions) {
			if namespace := function.Environment.Variables["METRICS_NAMESPACE"]; string(namespace) != "saga-"+name {
				t.Errorf("%s of %s writes metrics in %q", id, name, namespace)
			}
		}
	}
}

func TestTheDashboardShowsWhetherOrdersGetThrough(t *testing.T) {
	shown := onDashboard(t, synthesized(t, "prod"))
	services := contract.Catalogue().Contexts()
	var reasons []string
	for _, reason := range contract.Reasons() {
		reasons = append(reasons, string(reason))
	}
	for metric, dimensions := range map[string][]string{
		"OrdersPlaced":             {"order"},
		"OrdersShipped":            {"order"},
		"OrdersCancelled":          reasons,
		"SagaDuration":             {"shipped", "cancelled"},
		"OldestUnfinishedOrder":    {"order"},
		"OldestUnfinishedRollback": {"order"},
		"EventsFailed":             services,
		"EventsInvalid":            services,
	} {
		for _, value := range dimensions {
			if !shown[metric][value] {
				t.Errorf("%s of %s is not shown", metric, value)
			}
		}
	}
}

// inAlarms returns, by the names of metrics, the logical ids of the resources whose
// metric an alarm has.
func inAlarms(t *testing.T, template synthtest.Template) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	for _, alarm := range synthtest.Properties[synthtest.Alarm](t, template, alarms) {
		for _, dimension := range alarm.Dimensions {
			addID(found, alarm.MetricName, string(dimension.Value))
		}
		for _, data := range alarm.Metrics {
			for _, dimension := range data.MetricStat.Metric.Dimensions {
				addID(found, data.MetricStat.Metric.MetricName, string(dimension.Value))
			}
		}
	}
	return found
}

func TestEverythingThatCanFailHasAnAlarm(t *testing.T) {
	template := synthesized(t, "prod")
	found := inAlarms(t, template)
	want := map[string][]string{
		"Errors":                         ids(t, template, functions),
		"Throttles":                      ids(t, template, functions),
		"InvocationsFailedToBeSentToDlq": ids(t, template, rules),
		"ReadThrottleEvents":             ids(t, template, tables),
		"WriteThrottleEvents":            append(ids(t, template, tables), "account", "due"),
		"RetryInvocationAttempts":        {},
	}
	for _, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, mappings) {
		want["ApproximateAgeOfOldestMessage"] = append(want["ApproximateAgeOfOldestMessage"], string(mapping.EventSourceArn))
	}
	invoked := synthtest.Properties[synthtest.Function](t, template, functions)
	for id, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		if target := string(rule.Targets[0].Arn); invoked[target].Runtime != "" {
			want["AsyncEventAge"] = append(want["AsyncEventAge"], target)
			want["DeadLetterErrors"] = append(want["DeadLetterErrors"], target)
		}
		if contextOf(t, id) == "Notification" {
			want["RetryInvocationAttempts"] = append(want["RetryInvocationAttempts"], id)
		}
	}
	for id := range invoked {
		if strings.HasPrefix(id, "OrderApi") {
			want["Url5xxCount"], want["UrlRequestLatency"] = []string{id}, []string{id}
		}
	}
	for metric, resources := range want {
		if len(resources) == 0 {
			t.Errorf("nothing has %s", metric)
		}
		for _, id := range resources {
			if !found[metric][id] {
				t.Errorf("no alarm has %s of %s", metric, id)
			}
		}
	}
}

// A failure that passes by itself must raise no alarm: a failed invocation is
// repeated.
func TestAnAlarmForRepeatedCallsIsRaisedAfterAQuarterOfAnHour(t *testing.T) {
	repeated := []string{"Errors", "Throttles", "ReadThrottleEvents", "Url5xxCount", "RetryInvocationAttempts"}
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, synthesized(t, "prod"), alarms) {
		for _, data := range alarm.Metrics {
			stat := data.MetricStat
			if waits := alarm.EvaluationPeriods * stat.Period; slices.Contains(repeated, stat.Metric.MetricName) && waits < 15*60 {
				t.Errorf("%s is raised after %d seconds", id, waits)
			}
		}
	}
}

func TestEveryAlarmIsSentByEmailWhenItIsRaisedAndWhenItIsOver(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		template := monitored(t, name)
		var topics []synthtest.Reference
		if settings.AlarmAddress != "" {
			topics = []synthtest.Reference{synthtest.Reference(ids(t, template, "AWS::SNS::Topic")[0])}
			for id, subscription := range synthtest.Properties[struct{ Endpoint, Protocol string }](t, template, "AWS::SNS::Subscription") {
				if subscription.Protocol != "email" || subscription.Endpoint != settings.AlarmAddress {
					t.Errorf("%s of %s is %+v", id, name, subscription)
				}
			}
		}
		for id, alarm := range synthtest.Properties[synthtest.Alarm](t, template, alarms) {
			if !slices.Equal(alarm.AlarmActions, topics) || !slices.Equal(alarm.OKActions, topics) {
				t.Errorf("%s of %s notifies %v and then %v, want %v", id, name, alarm.AlarmActions, alarm.OKActions, topics)
			}
		}
	}
}

// Without these statements, alarms could neither publish to the topic nor use its
// key, and no e-mail would be sent.
func TestTheTopicAndItsKeyAdmitAlarmsOfTheOwnAccount(t *testing.T) {
	settings := settingsOf(t, "prod")
	template := synthesized(t, "prod")
	type topicPolicy struct{ PolicyDocument synthtest.PolicyDocument }
	var statements []synthtest.Statement
	for _, policy := range synthtest.Properties[topicPolicy](t, template, "AWS::SNS::TopicPolicy") {
		statements = append(statements, policy.PolicyDocument.Statement...)
	}
	for _, statement := range policyOf(t, template, "OnCallKey").Statement {
		statements = append(statements, statement.Statement)
	}
	admitted := map[synthtest.Reference]bool{}
	for _, statement := range statements {
		if statement.Effect != "Allow" || len(statement.Condition) == 0 {
			continue
		}
		if !slices.Equal(statement.Condition["StringEquals"]["aws:SourceAccount"], synthtest.List{synthtest.Reference(settings.Account)}) {
			t.Errorf("any account may do %v", statement.Action)
		}
		for _, action := range statement.Action {
			admitted[action] = true
		}
	}
	for _, action := range []synthtest.Reference{"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*"} {
		if !admitted[action] {
			t.Errorf("alarms may not do %s", action)
		}
	}
}

func TestEveryAlarmNamesARunbookAndEveryRunbookHasAnAlarm(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(docs, "runbooks", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{"README.md": true}
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, synthesized(t, "prod"), alarms) {
		advice, page, names := strings.Cut(string(alarm.AlarmDescription), " Runbook: "+runbooks)
		if !names || !strings.Contains(advice, ". ") {
			t.Errorf("the description of %s is %q", id, alarm.AlarmDescription)
		}
		named[page] = true
		if !strings.Contains(string(index), "]("+page+")") {
			t.Errorf("the index of the runbooks does not name %q, which %s does", page, id)
		}
	}
	pages, err := os.ReadDir(filepath.Join(docs, "runbooks"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if !named[page.Name()] {
			t.Errorf("no alarm names the runbook %s", page.Name())
		}
		delete(named, page.Name())
	}
	for page := range named {
		t.Errorf("there is no runbook %s", page)
	}
}

func TestARunbookBeginsWithWhatTheCustomerNoticesAndEndsWithHowToKnowThatItIsOver(t *testing.T) {
	want := []string{"What the customer notices", "How to confirm", "What to do", "How to know that it is over"}
	pages, err := filepath.Glob(filepath.Join(docs, "runbooks", "*-*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, filepath.Join(docs, "runbooks", "notifications.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, heading := range regexp.MustCompile(`(?m)^## (.+)\n\n\S`).FindAllStringSubmatch(string(text), -1) {
			got = append(got, heading[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the sections %q", page, got)
		}
	}
}

func TestTheReviewedCostOfAlarmsIsThatInTheDocs(t *testing.T) {
	all := synthtest.Properties[synthtest.Alarm](t, synthesized(t, "prod"), alarms)
	metrics := 0
	for _, alarm := range all {
		// AWS charges for each metric of an alarm, but not for the expression.
		used := 0
		for _, data := range alarm.Metrics {
			if data.Expression == "" {
				used++
			}
		}
		metrics += max(used, 1)
	}
	cents := metrics * 10
	want := fmt.Sprintf("%d alarms watch %d metrics, which cost %d.%02d USD a month", len(all), metrics, cents/100, cents%100)

	page := filepath.Join(docs, "operations.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`\d+ alarms watch \d+ metrics, which cost [\d.]+ USD a month`)
	switch got := sentence.FindString(string(text)); {
	case got == "":
		t.Errorf("%s does not have the cost of alarms", page)
	case got != want && *update:
		if err := os.WriteFile(page, sentence.ReplaceAll(text, []byte(want)), 0o600); err != nil {
			t.Fatal(err)
		}
	case got != want:
		t.Errorf("the docs state that %s. If this is what you want, run make golden: %s", got, want)
	}
}

func TestInvalidPropsOfADashboardAreNamed(t *testing.T) {
	defer func() {
		message := fmt.Sprint(recover())
		for _, want := range []string{"dashboard Board: ", "Name", "Introduction", `the row "Seven" has 7 graphs`} {
			if !strings.Contains(message, want) {
				t.Errorf("panicked with %q, want it to name %s", message, want)
			}
		}
	}()
	dashboard.New(nil, "Board", dashboard.Props{Purpose: []dashboard.Row{{Heading: "Seven", Graphs: make([]dashboard.Graph, 7)}}})
}
