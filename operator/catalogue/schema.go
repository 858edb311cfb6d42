package catalogue

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Member is a member of an event's data, as its schema has it.
type Member struct {
	// Name has the names of the objects around it; [] is each element of a list.
	Name, Type, Description string
	IsRequired, IsPersonal  bool
	// Limits are the rules of its values.
	Limits []string
	// Example is a value, as JSON.
	Example string
}

// schema is the part of a JSON Schema that a table of members shows.
type schema struct {
	Ref         string            `json:"$ref"`
	Defs        map[string]schema `json:"$defs"`
	Description string            `json:"description"`
	IsPersonal  bool              `json:"x-personal"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Pattern     string            `json:"pattern"`
	Const       string            `json:"const"`
	Enum        []string          `json:"enum"`
	AnyOf       []schema          `json:"anyOf"`
	Required    []string          `json:"required"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Minimum     *json.Number      `json:"minimum"`
	Maximum     *json.Number      `json:"maximum"`
	MinLength   *json.Number      `json:"minLength"`
	MaxLength   *json.Number      `json:"maxLength"`
	MinItems    *json.Number      `json:"minItems"`
	MaxItems    *json.Number      `json:"maxItems"`
}

// Members returns the members of an event's data, those of objects and of lists after
// themselves.
func (c Catalogue) Members(e Event) ([]Member, error) {
	t := memberTable{shared: make(map[string]schema)}
	var root schema
	for uri, document := range c.Schemas {
		var parsed schema
		if err := json.Unmarshal(document, &parsed); err != nil {
			return nil, fmt.Errorf("schema %s: %w", uri, err)
		}
		maps.Copy(t.shared, parsed.Defs)
		if uri == e.Schema {
			root = parsed
		}
	}
	encoded, err := json.Marshal(e.Example)
	if err != nil {
		return nil, err
	}
	var example any
	if err := json.Unmarshal(encoded, &example); err != nil {
		return nil, err
	}
	t.object("", root, example)
	return t.members, nil
}

// memberTable is a table that is being made. Names of shared schemas are unique.
type memberTable struct {
	shared  map[string]schema
	members []Member
}

// resolve returns the schema that a schema refers to, with its own annotations.
func (t *memberTable) resolve(s schema) schema {
	if s.Ref == "" {
		return s
	}
	to := t.resolve(t.shared[path.Base(s.Ref)])
	to.Description, to.IsPersonal = cmp.Or(s.Description, to.Description), s.IsPersonal || to.IsPersonal
	return to
}

// object adds the members of an object: the required ones in the order in which the schema
// requires them, then the others.
func (t *memberTable) object(prefix string, s schema, example any) {
	values, isObject := example.(map[string]any)
	optional := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Properties)), func(name string) bool {
		return slices.Contains(s.Required, name)
	})
	for _, name := range slices.Concat(s.Required, optional) {
		var value any
		if isObject {
			value = values[name]
		}
		t.add(prefix+name, s.Properties[name], value, slices.Contains(s.Required, name))
	}
}

// add adds a member and what is inside of it.
func (t *memberTable) add(name string, s schema, example any, isRequired bool) {
	s = t.resolve(s)
	m := Member{
		Name: name, Type: cmp.Or(s.Type, "string"), Description: s.Description,
		IsRequired: isRequired, IsPersonal: s.IsPersonal, Limits: t.limits(s),
	}
	if encoded, err := json.Marshal(example); err == nil && s.Properties == nil && s.Items == nil {
		m.Example = string(encoded)
	}
	t.members = append(t.members, m)
	t.object(name+".", s, example)
	if s.Items == nil {
		return
	}
	var element any
	if elements, isList := example.([]any); isList && len(elements) > 0 {
		element = elements[0]
	}
	if items := t.resolve(*s.Items); items.Properties != nil {
		t.object(name+"[].", items, element)
	} else {
		t.add(name+"[]", items, element, true)
	}
}

// limits returns the rules of the values of a schema.
func (t *memberTable) limits(s schema) []string {
	var all []string
	for _, each := range []struct {
		of          string
		least, most *json.Number
	}{{"", s.Minimum, s.Maximum}, {"characters: ", s.MinLength, s.MaxLength}, {"elements: ", s.MinItems, s.MaxItems}} {
		switch {
		case each.least != nil && each.most != nil:
			all = append(all, fmt.Sprintf("%s%s to %s", each.of, *each.least, *each.most))
		case each.least != nil:
			all = append(all, fmt.Sprintf("%sat least %s", each.of, *each.least))
		case each.most != nil:
			all = append(all, fmt.Sprintf("%sat most %s", each.of, *each.most))
		}
	}
	if values := t.values(s); len(values) > 0 {
		all = append(all, strings.Join(values, ", "))
	}
	if s.Format != "" {
		all = append(all, s.Format)
	}
	if s.Pattern != "" {
		all = append(all, s.Pattern)
	}
	return all
}

// values returns the only values of a schema, or none.
func (t *memberTable) values(s schema) []string {
	s = t.resolve(s)
	all := s.Enum
	if s.Const != "" {
		all = append(all, s.Const)
	}
	for _, alternative := range s.AnyOf {
		all = append(all, t.values(alternative)...)
	}
	return all
}
