package jsonschema

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Violation is a place in a value that breaks a keyword of its schema. It has names of
// members, and no value.
type Violation struct {
	// Place has the names of the members and the indexes of the elements that lead to
	// the place.
	Place   []string
	Keyword string
	// Names are the members that are missing (required) or too many
	// (additionalProperties).
	Names []string
	// Want is what the schema requires: the type, or the limit.
	Want string
	// Description is that of the part of the schema which has the keyword.
	Description string
}

// Validate returns the violations of a value, in no particular order. The value is as
// encoding/json decodes it, with every number as a json.Number. Of an array that has
// too many elements, those after maxItems are not validated.
func (s *Schema) Validate(value any) []Violation {
	return s.root.validate(value, nil)
}

// place is where a value is. It becomes a list of names only in a violation.
type place struct {
	outer *place
	name  string
	// index is that of an element, which has no name.
	index int
}

func (p *place) names() []string {
	var names []string
	for ; p != nil; p = p.outer {
		name := p.name
		if p.index >= 0 {
			name = strconv.Itoa(p.index)
		}
		names = append(names, name)
	}
	slices.Reverse(names)
	return names
}

// validate returns the violations of the value at a place. A value that is no value of
// the type, or not one of those listed, has that violation alone.
func (n *node) validate(value any, at *place) []Violation {
	if broken := n.validateKind(value, at); broken != nil {
		return broken
	}
	var all []Violation
	switch value := value.(type) {
	case map[string]any:
		all = n.validateObject(value, at)
	case []any:
		all = n.validateArray(value, at)
	case string:
		all = n.validateText(value, at)
	case json.Number:
		all = n.validateNumber(value, at)
	}
	if n.referred != nil {
		all = append(all, n.referred.validate(value, at)...)
	}
	for _, part := range n.AllOf {
		all = append(all, part.validate(value, at)...)
	}
	return append(all, n.validateAnyOf(value, at)...)
}

func (n *node) validateKind(value any, at *place) []Violation {
	text, isText := value.(string)
	switch {
	case n.Type != "" && !isOfType(value, n.Type):
		return n.broken("type", n.Type, at)
	case n.Const != nil && (!isText || text != *n.Const):
		return n.broken("const", "", at)
	case n.Enum != nil && (!isText || !slices.Contains(n.Enum, text)):
		return n.broken("enum", "", at)
	case n.hasFormat != nil && isText && !n.hasFormat(text):
		return n.broken("format", "", at)
	}
	return nil
}

func isOfType(value any, name string) bool {
	switch value := value.(type) {
	case map[string]any:
		return name == "object"
	case []any:
		return name == "array"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case json.Number:
		return name == "number" || name == "integer" && parseNumber(value.String()).isInteger()
	}
	return name == "null"
}

func (n *node) validateObject(object map[string]any, at *place) []Violation {
	var all []Violation
	var missing, unknown []string
	for _, name := range n.Required {
		if _, has := object[name]; !has {
			missing = append(missing, name)
		}
	}
	for name, value := range object {
		if property, known := n.Properties[name]; known {
			all = append(all, property.validate(value, &place{at, name, -1})...)
		} else if n.Additional != nil && !*n.Additional {
			unknown = append(unknown, name)
		}
	}
	if missing != nil {
		all = append(all, Violation{Place: at.names(), Keyword: "required", Names: missing, Description: n.Description})
	}
	if unknown != nil {
		slices.Sort(unknown)
		all = append(all, Violation{Place: at.names(), Keyword: "additionalProperties", Names: unknown, Description: n.Description})
	}
	return all
}

func (n *node) validateArray(array []any, at *place) []Violation {
	var all []Violation
	if n.MinItems != nil && len(array) < *n.MinItems {
		all = append(all, n.broken("minItems", strconv.Itoa(*n.MinItems), at)...)
	}
	if n.MaxItems != nil && len(array) > *n.MaxItems {
		all = append(all, n.broken("maxItems", strconv.Itoa(*n.MaxItems), at)...)
		array = array[:*n.MaxItems]
	}
	if n.Items == nil {
		return all
	}
	for i, element := range array {
		all = append(all, n.Items.validate(element, &place{at, "", i})...)
	}
	return all
}

func (n *node) validateText(text string, at *place) []Violation {
	var all []Violation
	if n.MinLength != nil && utf8.RuneCountInString(text) < *n.MinLength {
		all = append(all, n.broken("minLength", strconv.Itoa(*n.MinLength), at)...)
	}
	if n.MaxLength != nil && utf8.RuneCountInString(text) > *n.MaxLength {
		all = append(all, n.broken("maxLength", strconv.Itoa(*n.MaxLength), at)...)
	}
	if n.Pattern != nil && !n.Pattern.MatchString(text) {
		all = append(all, n.broken("pattern", "", at)...)
	}
	return all
}

func (n *node) validateNumber(text json.Number, at *place) []Violation {
	value := parseNumber(text.String())
	var all []Violation
	if n.Minimum != nil && value.compare(*n.Minimum) < 0 {
		all = append(all, n.broken("minimum", n.Minimum.text, at)...)
	}
	if n.Maximum != nil && value.compare(*n.Maximum) > 0 {
		all = append(all, n.broken("maximum", n.Maximum.text, at)...)
	}
	return all
}

// validateAnyOf returns the violations of all alternatives, unless there is one
// without.
func (n *node) validateAnyOf(value any, at *place) []Violation {
	var all []Violation
	for _, alternative := range n.AnyOf {
		broken := alternative.validate(value, at)
		if len(broken) == 0 {
			return nil
		}
		all = append(all, broken...)
	}
	return all
}

func (n *node) broken(keyword, want string, at *place) []Violation {
	return []Violation{{Place: at.names(), Keyword: keyword, Want: want, Description: n.Description}}
}
