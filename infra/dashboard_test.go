package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/saga/infra/environment"
)

const dashboards = "AWS::CloudWatch::Dashboard"

// dashboardGolden returns the file with the dashboard of an environment. Dashboards
// differ only in their names and in the observability queue, so there are two files.
func dashboardGolden(t *testing.T, environment string) string {
	t.Helper()
	if settingsOf(t, environment).ObservabilityQueue {
		return "dashboard-with-queue.golden.json"
	}
	return "dashboard.golden.json"
}

func TestTheDashboardOfEveryEnvironmentIsTheReviewedOne(t *testing.T) {
	for _, name := range environment.Names() {
		golden := dashboardGolden(t, name)
		_, body := withoutDashboard(t, monitored(t, name).String(), golden)
		matchGolden(t, golden, strings.ReplaceAll(body, "saga-"+name, "saga-${environment}"))
	}
}

// withoutDashboard returns a template with the name of a golden file instead of the
// body of the dashboard, and the body as JSON. In the template it is a string in
// hundreds of pieces, which cannot be reviewed.
func withoutDashboard(t *testing.T, template, golden string) (rest, body string) {
	t.Helper()
	var parsed object
	if err := json.Unmarshal([]byte(template), &parsed); err != nil {
		t.Fatal(err)
	}
	for _, resource := range parsed["Resources"].(object) {
		resource := resource.(object)
		if resource["Type"] != dashboards {
			continue
		}
		properties := resource["Properties"].(object)
		var content any
		if err := json.Unmarshal([]byte(substitute(properties["DashboardBody"])), &content); err != nil {
			t.Fatalf("the dashboard is no JSON: %v", err)
		}
		body += indented(content, "") + "\n"
		properties["DashboardBody"] = golden
	}
	text, err := json.MarshalIndent(parsed, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n", body
}

// substitute writes an expression as Fn::Sub would: ${id} for a reference,
// ${id.attribute} for an attribute, and any other function with its arguments.
func substitute(expression any) string {
	call, isCall := expression.(object)
	if !isCall {
		return fmt.Sprint(expression)
	}
	if join := list(call["Fn::Join"]); len(join) == 2 && join[0] == "" {
		var text strings.Builder
		for _, part := range list(join[1]) {
			text.WriteString(substitute(part))
		}
		return text.String()
	}
	var text string
	for function, arguments := range call {
		var texts []string
		for _, argument := range list(arguments) {
			texts = append(texts, substitute(argument))
		}
		switch function {
		case "Ref", "Fn::GetAtt":
			text = strings.Join(texts, ".")
		default:
			text = function + " " + strings.Join(texts, " ")
		}
	}
	return "${" + text + "}"
}

// indented formats JSON for a review: a short value is one line, and so is a list
// in a list, which is a metric.
func indented(value any, indent string) string {
	const width = 140
	line := compact(value)
	if len(line) <= width {
		return line
	}
	inner := indent + "  "
	switch value := value.(type) {
	case object:
		var members []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			members = append(members, inner+compact(name)+": "+indented(value[name], inner))
		}
		return "{\n" + strings.Join(members, ",\n") + "\n" + indent + "}"
	case []any:
		var elements []string
		for _, element := range value {
			text := compact(element)
			if _, isMetric := element.([]any); !isMetric {
				text = indented(element, inner)
			}
			elements = append(elements, inner+text)
		}
		return "[\n" + strings.Join(elements, ",\n") + "\n" + indent + "]"
	}
	return line
}

// compact is JSON in one line, with < and > as they are.
func compact(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // It was JSON before.
	}
	return strings.TrimSpace(text.String())
}
