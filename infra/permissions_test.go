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

// A golden file has a line for every permission in a stack, with construct paths,
// so that a review of a change shows which permissions change.
func TestThePermissionsInProductionAreTheReviewedOnes(t *testing.T) {
	for file, template := range map[string]synthtest.Template{
		"permissions.golden.txt":        synthesized(t, "prod"),
		"permissions.github.golden.txt": gitHubTemplate(t, "prod", repository{name: "acme/shop"}),
	} {
		t.Run(file, func(t *testing.T) {
			matchGolden(t, file, permissionTable(t, template))
		})
	}
}

// Otherwise another account could make a service use its permissions here. With a
// customer key there are more of them.
func TestAServiceActsForTheOwnAccountOrOneOfItsRulesOnly(t *testing.T) {
	services := 0
	for line := range strings.Lines(permissionTable(t, withKey(t, "prod", true))) {
		principal, permission, _ := strings.Cut(line, " ")
		if !strings.HasSuffix(principal, ".amazonaws.com") {
			continue
		}
		services++
		// These requests have neither condition key. The encryption contexts have the ARNs
		// of the account's own logs and bus; AWS's policy for an archive has no condition
		// on DescribeKey, which returns no data
		// (https://docs.aws.amazon.com/eventbridge/latest/userguide/encryption-archives.html).
		withoutKeys := principal == "lambda.amazonaws.com" && strings.Contains(permission, "sts:AssumeRole") ||
			strings.Contains(permission, "logs:CreateLogStream") || strings.Contains(permission, "kms:DescribeKey") ||
			strings.Contains(permission, "kms:EncryptionContext:aws:events:event-bus:arn StringEquals GlobalBus") ||
			strings.Contains(permission, "kms:EncryptionContext:aws:logs:arn ArnLike arn:aws:logs:eu-west-1:222222222222:")
		if !withoutKeys && !strings.Contains(permission, "aws:SourceAccount") && !strings.Contains(permission, "aws:SourceArn") {
			t.Errorf("for any account: %s", line)
		}
	}
	if services == 0 {
		t.Error("no service may do anything")
	}
}

// permissionTable is a table of all permissions in a template.
func permissionTable(t *testing.T, template synthtest.Template) string {
	t.Helper()
	return formatRows(t, permissionRows(t, template))
}

// permissionRows returns a row for every permission in a template, with a tab
// between its cells.
func permissionRows(t *testing.T, template synthtest.Template) []string {
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
	return slices.Compact(lines)
}

// formatRows returns rows of permissions as a table.
func formatRows(t *testing.T, rows []string) string {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PRINCIPAL\tEFFECT\tACTION\tRESOURCE\tCONDITION")
	fmt.Fprintln(table, strings.Join(rows, "\n"))
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// policyReader formats the policies of a template as lines.
type policyReader struct {
	t        *testing.T
	template synthtest.Template
	// owners are the functions' paths by the logical ids of their roles.
	owners map[string]string
}

// object is a JSON object.
type object = map[string]any

// permissions returns the lines of one resource, of any type.
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

// statements returns the resource's statements, each with principal and resource.
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
			statement["Resource"] = r.template.Paths[id] // In a key's policy "*" is the key.
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

// document returns the statements of a policy, which may be JSON in a string. The
// defaults are the elements that each of them does not have.
func (r policyReader) document(policy any, defaults object) []object {
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
		statement := maps.Clone(defaults)
		if statement == nil {
			statement = object{}
		}
		maps.Copy(statement, each.(object))
		statements = append(statements, statement)
	}
	return statements
}

// lines returns a line for each principal, action and resource of a statement.
func (r policyReader) lines(statement object) []string {
	for element := range statement {
		if !slices.Contains([]string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, element) {
			r.t.Errorf("a statement has the element %s, which is not listed: %v", element, statement)
		}
	}
	var lines []string
	for _, principal := range r.principals(statement["Principal"]) {
		for _, action := range list(statement["Action"]) {
			for _, resource := range list(statement["Resource"]) {
				lines = append(lines, strings.Join([]string{
					principal, strings.ToLower(r.text(statement["Effect"])), r.text(action), r.text(resource), r.condition(statement["Condition"]),
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
		names = append(names, r.text(each))
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

// text formats a value of the template, with construct paths for its references.
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
	r.t.Errorf("the expression %v cannot be formatted in a line", value)
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

// countStatements counts the objects with an Effect, at any depth.
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

// list returns one value as a list of one, and nil as an empty list.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}
