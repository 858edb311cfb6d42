package assembly

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

type template struct {
	Parameters map[string]parameter   `json:"Parameters"`
	Rules      map[string]any         `json:"Rules"`
	Conditions map[string]any         `json:"Conditions"`
	Resources  map[string]rawResource `json:"Resources"`
	Outputs    map[string]output      `json:"Outputs"`
	// raw has also what the other fields have not. text is that of the file.
	raw  map[string]any
	text string
}

type output struct {
	// Only a reader sees the description, and there is no other stack to import
	// what is exported.
	Value     any    `json:"Value"`
	Condition string `json:"Condition"`
}

type rawResource struct {
	Type       string         `json:"Type"`
	Properties map[string]any `json:"Properties"`
	DependsOn  any            `json:"DependsOn"`
	Condition  string         `json:"Condition"`
	Metadata   map[string]any `json:"Metadata"`
	// What happens to a resource when the stack is deleted or replaces it has
	// no meaning here: nothing outlives the process.
	DeletionPolicy      string `json:"DeletionPolicy"`
	UpdateReplacePolicy string `json:"UpdateReplacePolicy"`
}

func readTemplate(path string) (template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return template{}, err
	}
	result := template{text: string(text)}
	if err := readJSON(path, &result.raw); err != nil {
		return template{}, err
	}
	return result, readJSON(path, &result)
}

// unsupportedSections refuses what would change the template's meaning.
func (t template) unsupportedSections() []error {
	known := []string{"AWSTemplateFormatVersion", "Conditions", "Description", "Metadata", "Outputs", "Parameters", "Resources", "Rules"}
	var problems []error
	for _, section := range sortedKeys(t.raw) {
		switch {
		case section == "Transform":
			problems = append(problems, unsupported.Errorf("the template's section Transform is not supported by the local cloud: transform the template first, see localcloud/README.md#without-cdk"))
		case !slices.Contains(known, section):
			problems = append(problems, unsupported.Errorf("the template's section %s is not supported by the local cloud", section))
		}
	}
	for _, id := range sortedKeys(t.Rules) {
		if id != bootstrapRule {
			problems = append(problems, unsupported.Errorf("rule %s of the template: rules are not supported by the local cloud", id))
		}
	}
	return problems
}

// unsupportedAttributes refuses what would change a resource's meaning, and a
// resource to wait for that there is not.
func (t template) unsupportedAttributes(id string) []error {
	problems := t.unknownAttributes("Resources", id, "Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy")
	for _, other := range t.Resources[id].dependsOn() {
		if _, isResource := t.Resources[other]; !isResource {
			problems = append(problems, fmt.Errorf("the resource %s that it depends on is not in the template", other))
		}
	}
	return problems
}

// unknownAttributes refuses the attributes of a section's member that are not among the
// known ones.
func (t template) unknownAttributes(section, id string, known ...string) []error {
	members, _ := t.raw[section].(map[string]any)
	given, _ := members[id].(map[string]any)
	var problems []error
	for _, name := range sortedKeys(given) {
		if !slices.Contains(known, name) {
			problems = append(problems, unsupported.Errorf("the attribute %s is not supported by the local cloud", name))
		}
	}
	return problems
}

// dependsOn lists the resources that it names itself, one or several.
func (r rawResource) dependsOn() []string {
	switch on := r.DependsOn.(type) {
	case string:
		return []string{on}
	case []any:
		var ids []string
		for _, other := range on {
			ids = append(ids, fmt.Sprint(other))
		}
		return ids
	default:
		return nil
	}
}

// order sorts the resources that exist so that each comes after what it refers
// to, alphabetically where that leaves a choice. A circle is refused, as
// CloudFormation does.
func (t template) order(exists func(string) bool) ([]string, error) {
	var sorted, walk []string
	done := map[string]bool{}
	var visit func(id string) error
	visit = func(id string) error {
		if done[id] {
			return nil
		}
		if at := slices.Index(walk, id); at >= 0 {
			return fmt.Errorf("circular dependency between resources: %s", strings.Join(append(walk[at:], id), " → "))
		}
		walk = append(walk, id)
		for _, other := range t.references(id) {
			if err := visit(other); err != nil {
				return err
			}
		}
		walk = walk[:len(walk)-1]
		done[id] = true
		if exists(id) {
			sorted = append(sorted, id)
		}
		return nil
	}
	for _, id := range sortedKeys(t.Resources) {
		if err := visit(id); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

func (t template) references(id string) []string {
	found := map[string]bool{}
	resource := t.Resources[id]
	collect(resource.Properties, found)
	for _, other := range resource.dependsOn() {
		found[other] = true
	}
	maps.DeleteFunc(found, func(other string, _ bool) bool {
		_, isResource := t.Resources[other]
		return !isResource
	})
	return sortedKeys(found)
}

// collect finds the ids that a template value refers to.
func collect(value any, found map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			collect(item, found)
		}
	case map[string]any:
		for key, item := range value {
			for _, id := range referenced(key, item) {
				found[id] = true
			}
			collect(item, found)
		}
	}
}

func referenced(function string, argument any) []string {
	switch function {
	case "Ref", "Fn::GetAtt":
		if id, _, err := attributeName(argument); err == nil {
			return []string{id}
		}
	case "Fn::Sub":
		var ids []string
		for _, name := range placeholders(argument) {
			id, _, _ := strings.Cut(name, ".")
			ids = append(ids, id)
		}
		return ids
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
