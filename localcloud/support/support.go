// Package support describes what the local cloud supports. It reads the tables
// by which the local cloud accepts or refuses, so it describes what the program
// does.
package support

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/iam"
)

// Document is the description as Markdown: a section for templates and one for
// each AWS service.
func Document() string {
	sections := []string{template()}
	types := map[string][]assembly.ResourceType{}
	for _, resource := range assembly.ResourceTypes() {
		name := serviceName(strings.Split(resource.Name, "::")[1])
		types[name] = append(types[name], resource)
	}
	operations := map[string][]string{}
	for service, names := range cloud.Operations() {
		operations[serviceName(service)] = names
	}
	names := slices.Collect(maps.Keys(types))
	for name := range operations {
		if types[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		sections = append(sections, section(name, operations[name], types[name]))
	}
	return strings.Join(append(sections, reasons()), "\n")
}

// serviceName returns the usual name of a service that resource types or the
// wire protocol name differently.
func serviceName(short string) string {
	return cmp.Or(map[string]string{
		"AWSEvents":         "EventBridge",
		"AmazonSQS":         "SQS",
		"DynamoDB_20120810": "DynamoDB",
		"EventSchemas":      "EventBridge Schemas",
		"Events":            "EventBridge",
		"Logs":              "CloudWatch Logs",
		"Logs_20140328":     "CloudWatch Logs",
		"Scheduler":         "EventBridge Scheduler",
		"SecretsManager":    "Secrets Manager",
		"cloudformation":    "CloudFormation",
		"secretsmanager":    "Secrets Manager",
		"sts":               "STS",
	}[short], short)
}

func template() string {
	return "### Templates\n\n" +
		"- Intrinsic functions: " + coded(assembly.Functions()) + "\n" +
		"- Functions of conditions: " + coded(assembly.ConditionFunctions()) + "\n" +
		"- Types of parameters: " + coded(assembly.ParameterTypes()) + "\n" +
		"- Pseudo parameters: " + coded(assembly.PseudoParameters()) + "\n"
}

func section(name string, operations []string, types []assembly.ResourceType) string {
	var text strings.Builder
	fmt.Fprintf(&text, "### %s\n", name)
	if list := lists(name, operations); list != "" {
		text.WriteString("\n" + list)
	}
	if len(types) > 0 {
		text.WriteString("\n| resource type | properties | accepted without effect |\n|---|---|---|\n")
	}
	for _, resource := range types {
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", resource.Name,
			cmp.Or(strings.Join(effective(resource.Properties), ", "), "-"), coded(names(ineffective("", resource.Properties))))
	}
	return text.String()
}

// lists names what a service supports besides resource types.
func lists(service string, operations []string) string {
	var text string
	add := func(title string, names []string) {
		if len(names) > 0 {
			text += "- " + title + ": " + coded(names) + "\n"
		}
	}
	add("Operations", operations)
	switch service {
	case "DynamoDB":
		add("Functions of conditions", expression.ConditionFunctions())
		add("Functions of updates", expression.UpdateFunctions())
	case "EventBridge":
		add("Operators of event patterns", pattern.Operators())
	case "IAM":
		add("Operators of conditions", iam.ConditionOperators())
		add("Condition keys", cloud.ConditionKeys())
		add("AWS managed policies", iam.ManagedPolicies())
	}
	return text
}

// effective describes the properties that have an effect, with their supported
// values if not all are, and their members.
func effective(properties []assembly.Property) []string {
	var all []string
	for _, property := range properties {
		text := "`" + property.Name + "`"
		members := effective(property.Members)
		switch {
		case property.WithoutEffect != "", len(property.Members) > 0 && len(members) == 0:
			continue
		case len(members) > 0:
			text += " (" + strings.Join(members, ", ") + ")"
		case len(property.Values) > 0:
			text += " = `" + strings.Join(property.Values, "` or `") + "`"
		}
		all = append(all, text)
	}
	return all
}

// reasons lists the properties without effect by the reason for it.
func reasons() string {
	names := map[string][]string{}
	for _, resource := range assembly.ResourceTypes() {
		for _, property := range ineffective("", resource.Properties) {
			if !slices.Contains(names[property.reason], property.name) {
				names[property.reason] = append(names[property.reason], property.name)
			}
		}
	}
	var text strings.Builder
	text.WriteString("### Why properties have no effect\n\n| reason | properties |\n|---|---|\n")
	for _, reason := range slices.Sorted(maps.Keys(names)) {
		slices.Sort(names[reason])
		fmt.Fprintf(&text, "| %s | %s |\n", reason, coded(names[reason]))
	}
	return text.String()
}

// without is a property without effect, by its path.
type without struct{ name, reason string }

func names(properties []without) []string {
	var all []string
	for _, property := range properties {
		all = append(all, property.name)
	}
	return all
}

func ineffective(path string, properties []assembly.Property) []without {
	var all []without
	for _, property := range properties {
		name := path + property.Name
		if property.WithoutEffect != "" {
			all = append(all, without{name, property.WithoutEffect})
		}
		all = append(all, ineffective(name+".", property.Members)...)
	}
	return all
}

// coded is a list of words as code, or - without words.
func coded(words []string) string {
	if len(words) == 0 {
		return "-"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
