// Package assembly reads a synthesized cloud assembly (cdk.out): the one
// stack's template with every intrinsic function resolved, as typed values of
// the CloudFormation types that the local cloud can run. What it does not
// support it refuses by name, and it reports everything that it refuses
// together.
package assembly

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// Options is what the template leaves open: where the stack runs.
type Options struct {
	Region    string
	AccountID string
	// QueueURL returns the address of the queue with this name.
	QueueURL func(name string) string
	// FunctionURL returns the address at which the URL of a function answers, by the
	// function's construct path.
	FunctionURL func(function string) string
	// Parameters are the values of the template's parameters, instead of their defaults.
	Parameters map[string]string
	// Random is where generated secrets come from.
	Random io.Reader
}

// Assembly is a stack ready to be run.
type Assembly struct {
	// Stack is the stack's name, and ID its ARN.
	Stack, ID string
	// Template is the text of the stack's template.
	Template string
	// Resources stand in dependency order: what a resource refers to comes
	// before it.
	Resources []Resource
	// Outputs are the stack's outputs by their logical ids.
	Outputs map[string]string
}

// Resource is one resource of the stack.
type Resource struct {
	LogicalID string
	Type      string
	// Path is the resource's path in the construct tree, without the stack's name
	// and without a trailing "/Resource".
	Path string
	// Name is the physical name, and Ref the value of Ref (a queue's Ref is its
	// URL).
	Name string
	Ref  string
	// ARN is empty for a type that has none.
	ARN string
	// Properties points to the struct of the resource's type, such as *Queue.
	Properties any
	// References are the logical ids of the resources that it refers to.
	References []string
	// Refused are the properties that Load's error is about, or that refer to what it is
	// about. They are zero.
	Refused map[string]bool
	// IsRefused reports whether Load's error is about the resource or what it refers to.
	IsRefused bool
}

// Of returns the resources of one type, such as Of[Queue](a), in dependency
// order.
func Of[T any](a *Assembly) iter.Seq2[Resource, *T] {
	return func(yield func(Resource, *T) bool) {
		for _, resource := range a.Resources {
			properties, ok := resource.Properties.(*T)
			if ok && !yield(resource, properties) {
				return
			}
		}
	}
}

// Load reads the cloud assembly in dir. Its error names every problem, one a
// line. If only properties are refused, the assembly is returned besides the error, so
// that further problems can be found in it.
func Load(dir string, options Options) (*Assembly, error) {
	files, err := readManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the cloud assembly %s: %w", dir, err)
	}
	template, err := readTemplate(filepath.Join(dir, files.template))
	if err != nil {
		return nil, fmt.Errorf("reading the template of stack %s: %w", files.stack, err)
	}
	allowed, err := readLimits()
	if err != nil {
		return nil, fmt.Errorf("reading the limits of properties: %w", err)
	}
	l := loader{
		limits:     allowed,
		options:    options,
		files:      files,
		template:   template,
		conditions: map[string]bool{},
		identities: map[string]identity{},
		secrets:    map[string]string{},
		functions:  map[string]*functionAt{},
	}
	l.parameters = l.pseudoParameters()
	return l.load()
}

// FunctionPaths returns the construct paths of the functions in the cloud assembly in
// dir, of which nothing needs to be supported.
func FunctionPaths(dir string) ([]string, error) {
	files, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	template, err := readTemplate(filepath.Join(dir, files.template))
	if err != nil {
		return nil, err
	}
	var paths []string
	for id, resource := range template.Resources {
		if resource.Type == "AWS::Lambda::Function" {
			paths = append(paths, resource.path(id))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// loader walks the template once, in dependency order.
type loader struct {
	options  Options
	files    manifest
	template template
	// limits are by resource types.
	limits map[string]limits
	// parameters are by their names, those that every template has too: texts, lists of
	// texts, noValue and what is unresolved.
	parameters map[string]any
	conditions map[string]bool
	identities map[string]identity
	// secrets holds the values of the stack's secrets by their ARNs, and functions its
	// functions by their ARNs and names.
	secrets   map[string]string
	functions map[string]*functionAt
}

func (l *loader) load() (*Assembly, error) {
	problems := slices.Concat(l.template.unsupportedSections(), l.setParameters(), l.evaluateConditions())
	order, err := l.template.order(l.exists)
	if err != nil {
		return nil, errors.Join(append(problems, err)...)
	}
	result := &Assembly{Stack: l.files.stack, ID: l.stackID(), Template: l.template.text, Outputs: map[string]string{}}
	for _, id := range order {
		resource, refused := l.resource(id)
		for _, problem := range refused {
			problems = append(problems, resource.Error(problem))
		}
		resource.IsRefused, resource.References = len(refused)+len(resource.Refused) > 0, l.template.references(id)
		result.Resources = append(result.Resources, resource)
	}
	for _, id := range sortedKeys(l.template.Outputs) {
		output := l.template.Outputs[id]
		for _, problem := range l.template.unknownAttributes("Outputs", id, "Condition", "Description", "Export", "Value") {
			problems = append(problems, fmt.Errorf("output %s: %w", id, problem))
		}
		if output.Condition != "" && !l.conditions[output.Condition] {
			continue
		}
		text, err := l.text(output.Value)
		if err != nil && !errors.Is(err, errUnresolved) {
			problems = append(problems, fmt.Errorf("output %s: %w", id, err))
		}
		result.Outputs[id] = text
	}
	return result, errors.Join(problems...)
}

func (l *loader) exists(id string) bool {
	condition := l.template.Resources[id].Condition
	return condition == "" || l.conditions[condition]
}

func (l *loader) resource(id string) (Resource, []error) {
	raw := l.template.Resources[id]
	resource := Resource{LogicalID: id, Type: raw.Type, Path: raw.path(id)}
	typed, known := resourceTypes()[raw.Type]
	if !known {
		l.identities[id] = identity{isUnknown: true}
		return resource, []error{unsupported.Errorf("the resource type is not supported by the local cloud")}
	}
	resolved, err := l.resolve(raw.Properties)
	problems := slices.Concat(l.template.unsupportedAttributes(id), Problems(err))
	var refused []error
	resource.Refused, refused = decode(resolved, typed, l.limits[raw.Type])
	problems = append(problems, refused...)
	identified := typed.identify(location{l, id, resource.Refused})
	problems = append(problems, Problems(errors.Join(identified.refusals...))...)
	l.identities[id], resource.Properties = identified, typed
	switch typed := typed.(type) {
	case *GlobalTable:
		resource.Properties = &typed.Table
	case *QueueInlinePolicy:
		resource.Properties = &QueuePolicy{PolicyDocument: typed.PolicyDocument, Queues: []string{typed.Queue}}
	case *Secret:
		l.secrets[identified.ref] = typed.Value
	case *Function:
		found := &functionAt{path: resource.Path, arn: identified.arn}
		l.functions[identified.arn], l.functions[identified.name] = found, found
	}
	resource.Name, resource.Ref, resource.ARN = identified.name, identified.ref, identified.arn
	return resource, problems
}

// Problems returns the parts of a joined error, so that each gets its own line.
func Problems(err error) []error {
	if err == nil {
		return nil
	}
	joined, isJoined := err.(interface{ Unwrap() []error })
	if !isJoined {
		return []error{err}
	}
	var parts []error
	for _, part := range joined.Unwrap() {
		parts = append(parts, Problems(part)...)
	}
	return parts
}

// Error returns a problem with the resource that it is about.
func (r Resource) Error(problem error) error {
	return fmt.Errorf("resource %s (%s): %w", r.LogicalID, r.Type, problem)
}

// path returns the construct path that CDK writes into a resource's metadata.
func (r rawResource) path(logicalID string) string {
	path, _ := r.Metadata["aws:cdk:path"].(string)
	_, path, found := strings.Cut(path, "/")
	if !found {
		return logicalID
	}
	return strings.TrimSuffix(path, "/Resource")
}
