package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"example.com/saga/infra/synthtest"
)

// Whoever reviews a change sees here who may do what because of it: a golden
// file has a line for every permission in a stack, with construct paths.
func TestThePermissionsInProductionAreTheReviewedOnes(t *testing.T) {
	for file, template := range map[string]synthtest.Template{
		"permissions.golden.txt":        synthesized(t, "prod"),
		"permissions.github.golden.txt": gitHub(t, "prod", access{repository: "acme/shop"}),
	} {
		t.Run(file, func(t *testing.T) {
			matchGolden(t, file, permissions(t, template))
		})
	}
}

// Otherwise a service could be made to use here what it may do, by whoever uses
// it in another account.
func TestAServiceActsForTheOwnAccountOrOneOfItsRulesOnly(t *testing.T) {
	services := 0
	for line := range strings.Lines(permissions(t, synthesized(t, "prod"))) {
		who, what, _ := strings.Cut(line, " ")
		if !strings.HasSuffix(who, ".amazonaws.com") {
			continue
		}
		services++
		// Neither says for whom it is done.
		silent := who == "lambda.amazonaws.com" && strings.Contains(what, "sts:AssumeRole") || strings.Contains(what, "logs:CreateLogStream")
		if !silent && !strings.Contains(what, "aws:SourceAccount") && !strings.Contains(what, "aws:SourceArn") {
			t.Errorf("for any account: %s", line)
		}
	}
	if services == 0 {
		t.Error("no service may do anything")
	}
}

// permissions is a table of all permissions in a template.
func permissions(t *testing.T, template synthtest.Template) string {
	t.Helper()
	reader := policyReader{t: t, template: template, owners: map[string]string{}}
	for id, resource := range template.Resources {
		var properties struct{ Role synthtest.Reference }
		if resource.Type != functions {
			continue
		}
		if err := json.Unmarshal(resource.Properties, &properties); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		reader.owners[string(properties.Role)] = template.Paths[id]
	}
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(template.Resources)) {
		lines = append(lines, reader.permissions(id)...)
	}
	slices.Sort(lines)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHO\tEFFECT\tACTION\tRESOURCE\tIF")
	fmt.Fprintln(table, strings.Join(slices.Compact(lines), "\n"))
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// policyReader reads the policies of a template into lines.
type policyReader struct {
	t        *testing.T
	template synthtest.Template
	// owners are the functions' paths by the logical ids of their roles.
	owners map[string]string
}

// object is a JSON object.
type object = map[string]any

// permissions lists what one resource allows or denies, whatever its type is.
func (r policyReader) permissions(id string) []string {
	var properties object
	if err := json.Unmarshal(r.template.Resources[id].Properties, &properties); err != nil {
		r.t.Fatalf("%s: %v", id, err)
	}
	var lines []string
	read := 0
	for _, statement := range r.statements(id, properties) {
		read++
		lines = append(lines, r.lines(statement)...)
	}
	if all := countStatements(properties); all > read {
		r.t.Errorf("%s (%s) has %d statements, of which %d are listed", id, r.template.Resources[id].Type, all, read)
	}
	return lines
}

// statements gives the resource's statements, each with who and on what.
func (r policyReader) statements(id string, properties object) []object {
	switch r.template.Resources[id].Type {
	case "AWS::IAM::Role":
		return r.document(properties["AssumeRolePolicyDocument"], object{"Resource": r.template.Paths[id]})
	case "AWS::IAM::Policy":
		return r.document(properties["PolicyDocument"], object{"Principal": properties["Roles"]})
	case "AWS::Events::EventBusPolicy":
		return r.document(object{"Statement": properties["Statement"]}, nil)
	case "AWS::KMS::Key":
		statements := r.document(properties["KeyPolicy"], nil)
		for _, statement := range statements {
			statement["Resource"] = r.template.Paths[id] // What it calls "*" is the key.
		}
		return statements
	case "AWS::Lambda::Permission":
		statement := object{
			"Effect": "Allow", "Principal": properties["Principal"], "Action": properties["Action"], "Resource": properties["FunctionName"],
		}
		if rule := properties["SourceArn"]; rule != nil {
			statement["Condition"] = object{"ArnLike": object{"aws:SourceArn": rule}}
		}
		return []object{statement}
	}
	return r.document(properties["PolicyDocument"], nil)
}

// document gives the statements of a policy, which may be a JSON text, and what
// each of them leaves to the policy's place.
func (r policyReader) document(policy any, place object) []object {
	if policy == nil {
		return nil
	}
	parsed, isObject := policy.(object)
	if _, joined := parsed["Fn::Join"]; joined || !isObject {
		parsed = object{}
		if err := json.Unmarshal([]byte(r.text(policy)), &parsed); err != nil {
			r.t.Fatalf("the policy %s: %v", r.text(policy), err)
		}
	}
	var statements []object
	for _, each := range list(parsed["Statement"]) {
		statement := maps.Clone(place)
		if statement == nil {
			statement = object{}
		}
		maps.Copy(statement, each.(object))
		statements = append(statements, statement)
	}
	return statements
}

// lines gives a line for each principal, action and resource of a statement.
func (r policyReader) lines(statement object) []string {
	for element := range statement {
		if !slices.Contains([]string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, element) {
			r.t.Errorf("a statement has the element %s, which is not listed: %v", element, statement)
		}
	}
	var lines []string
	for _, who := range r.principals(statement["Principal"]) {
		for _, action := range list(statement["Action"]) {
			for _, resource := range list(statement["Resource"]) {
				lines = append(lines, strings.Join([]string{
					who, strings.ToLower(r.text(statement["Effect"])), r.text(action), r.text(resource), r.condition(statement["Condition"]),
				}, "\t"))
			}
		}
	}
	return lines
}

func (r policyReader) principals(principal any) []string {
	if byKind, isObject := principal.(object); isObject && byKind["Ref"] == nil {
		return r.principals(slices.Concat(list(byKind["Service"]), list(byKind["AWS"]), list(byKind["Federated"])))
	}
	var names []string
	for _, each := range list(principal) {
		name := r.text(each)
		if name == "*" {
			name = "anybody"
		}
		names = append(names, name)
	}
	return names
}

func (r policyReader) condition(condition any) string {
	if condition == nil {
		return "-"
	}
	var terms []string
	for operator, keys := range condition.(object) {
		for key, values := range keys.(object) {
			var texts []string
			for _, value := range list(values) {
				texts = append(texts, r.text(value))
			}
			slices.Sort(texts)
			terms = append(terms, fmt.Sprintf("%s %s %s", key, operator, strings.Join(texts, " | ")))
		}
	}
	slices.Sort(terms)
	return strings.Join(terms, ", ")
}

// text writes a value of the template with construct paths for its references.
func (r policyReader) text(value any) string {
	expression, isObject := value.(object)
	if !isObject {
		return fmt.Sprint(value)
	}
	if reference, isRef := expression["Ref"].(string); isRef {
		return r.name(reference)
	}
	if attribute := list(expression["Fn::GetAtt"]); len(attribute) == 2 && attribute[1] == "Arn" {
		return r.name(attribute[0].(string))
	}
	if join := list(expression["Fn::Join"]); len(join) == 2 {
		var parts []string
		for _, part := range list(join[1]) {
			parts = append(parts, r.text(part))
		}
		return strings.Join(parts, r.text(join[0]))
	}
	r.t.Errorf("the expression %v cannot be written in a line", value)
	return ""
}

func (r policyReader) name(logicalID string) string {
	if owner := r.owners[logicalID]; owner != "" {
		return owner
	}
	if pseudo, isPseudo := strings.CutPrefix(logicalID, "AWS::"); isPseudo {
		return "<" + pseudo + ">"
	}
	path := r.template.Paths[logicalID]
	if path == "" {
		r.t.Errorf("%s has no construct path", logicalID)
	}
	return path
}

// countStatements counts whatever looks like a statement, however deep.
func countStatements(value any) int {
	count := 0
	switch value := value.(type) {
	case object:
		if _, isStatement := value["Effect"]; isStatement {
			count++
		}
		for _, member := range value {
			count += countStatements(member)
		}
	case []any:
		for _, element := range value {
			count += countStatements(element)
		}
	}
	return count
}

// list takes one as a list of one, and nothing as an empty list.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}
