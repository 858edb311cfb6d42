// Package synthtest synthesizes stacks in tests and reads their templates.
package synthtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// Template is a synthesized CloudFormation template.
type Template struct {
	Resources map[string]Resource
	Outputs   map[string]struct{ Value Reference }
	// Paths are the resources' construct paths by logical id, without the
	// stack's name and without a trailing "/Resource".
	Paths map[string]string `json:"-"`
	text  []byte
}

// Resource is one resource of a template.
type Resource struct {
	Type                string
	Properties          json.RawMessage
	DeletionPolicy      string
	UpdateReplacePolicy string
	DependsOn           List
	UpdatePolicy        struct {
		CodeDeployLambdaAliasUpdate struct{ DeploymentGroupName Reference }
	}
}

// String is the template as indented JSON.
func (t Template) String() string {
	return string(t.text)
}

// NewApp makes an app with the context of a cdk.json, so that the CDK does in a
// test what it does on deployment.
func NewApp(t *testing.T, cdkJSON string) awscdk.App {
	t.Helper()
	encoded, err := os.ReadFile(cdkJSON)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(encoded, &file); err != nil {
		t.Fatalf("%s: %v", cdkJSON, err)
	}
	if len(file.Context) == 0 {
		t.Fatalf("%s has no context", cdkJSON)
	}
	return awscdk.NewApp(&awscdk.AppProps{
		Context:            &file.Context,
		AnalyticsReporting: new(false),
		Outdir:             new(t.TempDir()),
	})
}

// AddSecurityRules makes Synth fail the test for each finding of cdk-nag in the
// stack that is not suppressed.
func AddSecurityRules(stack awscdk.Stack) {
	rules := cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: new(true), Reports: new(false)})
	awscdk.Aspects_Of(stack).Add(rules, nil)
}

// Synth synthesizes the stack with its app and returns the stack's template. Errors
// and warnings of the CDK fail the test.
func Synth(t *testing.T, stack awscdk.Stack) Template {
	t.Helper()
	defer func() {
		if problem := recover(); problem != nil {
			t.Fatalf("the CDK cannot synthesize the app: %v", problem)
		}
	}()
	assembly := awscdk.App_Of(stack).Synth(nil)
	artifact := assembly.GetStackArtifact(stack.ArtifactId())
	checkValidation(t, filepath.Join(*assembly.Directory(), "validation-report.json"))
	text, err := json.MarshalIndent(artifact.Template(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	metadata := filepath.Join(*assembly.Directory(), *stack.ArtifactId()+".metadata.json")
	template := Template{Paths: paths(t, metadata), text: append(text, '\n')}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatalf("the template has an unexpected shape: %v", err)
	}
	return template
}

// paths reads the logical ids by construct path from the metadata that the CDK
// writes beside the template.
func paths(t *testing.T, metadata string) map[string]string {
	t.Helper()
	encoded, err := os.ReadFile(metadata)
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string][]struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}
	if err := json.Unmarshal(encoded, &entries); err != nil {
		t.Fatalf("%s: %v", metadata, err)
	}
	found := map[string]string{}
	for path, about := range entries {
		for _, entry := range about {
			if entry.Type == "aws:cdk:logicalId" {
				_, path, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
				found[fmt.Sprint(entry.Data)] = strings.TrimSuffix(path, "/Resource")
			}
		}
	}
	return found
}

// checkValidation fails the test for annotations of constructs and findings of
// the CDK's rules in a template, warnings included. Without the rules there is a report
// only if there are annotations; the environment disables them, before the test begins.
func checkValidation(t *testing.T, path string) {
	t.Helper()
	encoded, err := os.ReadFile(path)
	if os.IsNotExist(err) && os.Getenv("CDK_VALIDATION") == "false" {
		return
	}
	if err != nil {
		t.Fatalf("CDK did not validate the templates: %v", err)
	}
	var report struct {
		PluginReports []json.RawMessage `json:"pluginReports"`
	}
	if err := json.Unmarshal(encoded, &report); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, finding := range report.PluginReports {
		t.Errorf("CDK's validation finds: %s", finding)
	}
}

// Properties returns the properties of all resources of a type by their logical
// ids. A template without any fails the test, because an assertion on each of none
// would assert nothing.
func Properties[T any](t *testing.T, template Template, resourceType string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for id, resource := range template.Resources {
		if resource.Type != resourceType {
			continue
		}
		var properties T
		if err := json.Unmarshal(resource.Properties, &properties); err != nil {
			t.Fatalf("%s (%s): %v", id, resourceType, err)
		}
		found[id] = properties
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s", resourceType)
	}
	return found
}

// Behind returns the logical id of the function behind an alias, to which a property
// refers by the alias's ARN or as function:alias. A reference to anything else is no
// alias.
func (t Template) Behind(reference Reference) (function string, isAlias bool) {
	id, _, _ := strings.Cut(string(reference), ":")
	var alias Alias
	if t.Resources[id].Type != "AWS::Lambda::Alias" || json.Unmarshal(t.Resources[id].Properties, &alias) != nil {
		return "", false
	}
	return string(alias.FunctionName), true
}

// Reference is a string in a template. If it refers to another resource, by Ref or
// by Fn::GetAtt, it is that resource's logical id.
type Reference string

// UnmarshalJSON decodes a literal, a reference to a resource or to a part of its
// name, or such parts joined. Any other expression remains JSON.
func (r *Reference) UnmarshalJSON(encoded []byte) error {
	var literal string
	if json.Unmarshal(encoded, &literal) == nil {
		*r = Reference(literal)
		return nil
	}
	var expression struct {
		Ref    string
		GetAtt []string          `json:"Fn::GetAtt"`
		Join   []any             `json:"Fn::Join"`
		Select []json.RawMessage `json:"Fn::Select"`
		Split  []json.RawMessage `json:"Fn::Split"`
	}
	if err := json.Unmarshal(encoded, &expression); err != nil {
		return fmt.Errorf("%s refers to nothing: %w", encoded, err)
	}
	switch {
	case expression.Ref != "":
		*r = Reference(expression.Ref)
	case len(expression.GetAtt) > 0:
		*r = Reference(expression.GetAtt[0])
	case len(expression.Join) == 2:
		return r.join(expression.Join)
	case len(expression.Select) == 2:
		return r.UnmarshalJSON(expression.Select[1])
	case len(expression.Split) == 2:
		return r.UnmarshalJSON(expression.Split[1])
	default:
		*r = Reference(encoded)
	}
	return nil
}

func (r *Reference) join(arguments []any) error {
	delimiter, isString := arguments[0].(string)
	encoded, err := json.Marshal(arguments[1])
	if err != nil || !isString {
		return fmt.Errorf("%v cannot be joined: %w", arguments, err)
	}
	var parts []Reference
	if err := json.Unmarshal(encoded, &parts); err != nil {
		return err
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = string(part)
	}
	*r = Reference(strings.Join(texts, delimiter))
	return nil
}

// List is a string or a list of strings, where a template may have either.
type List []Reference

// UnmarshalJSON decodes one string as a list of one.
func (l *List) UnmarshalJSON(encoded []byte) error {
	var many []Reference
	if json.Unmarshal(encoded, &many) == nil {
		*l = many
		return nil
	}
	var one Reference
	if err := json.Unmarshal(encoded, &one); err != nil {
		return err
	}
	*l = List{one}
	return nil
}
