package jsonschema

import (
	"encoding/json"
	"maps"
	"slices"
)

// Description returns the description of the schema, or "".
func (s *Schema) Description() string { return s.root.Description }

// Examples returns the examples of the schema.
func (s *Schema) Examples() []json.RawMessage { return s.root.Examples }

// PersonalMembers returns the names of the members, of the value and of all objects in
// it, whose schemas have the keyword x-personal with the value true, sorted.
func (s *Schema) PersonalMembers() []string {
	names := make(map[string]bool)
	s.root.collectPersonal(names)
	return slices.Sorted(maps.Keys(names))
}

func (n *node) collectPersonal(names map[string]bool) {
	for name, property := range n.Properties {
		if property.isPersonal() {
			names[name] = true
		}
		property.collectPersonal(names)
	}
	for _, part := range n.applied() {
		part.collectPersonal(names)
	}
}

// isPersonal reports whether the value, or an element of it, is personal.
func (n *node) isPersonal() bool {
	return n.IsPersonal || slices.ContainsFunc(n.applied(), (*node).isPersonal)
}

// applied returns the parts that the value, or each element of it, is validated against
// too.
func (n *node) applied() []*node {
	parts := slices.Concat(n.AllOf, n.AnyOf)
	for _, part := range []*node{n.referred, n.Items} {
		if part != nil {
			parts = append(parts, part)
		}
	}
	return parts
}
