package expression

import (
	"strconv"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// segment is one step of a document path: into a map by name, or into a list
// by index.
type segment struct {
	name    string
	index   int
	isIndex bool
}

// Path is a document path such as a.b[0]. Its first segment is a name.
type Path []segment

// Attribute returns the name of the attribute that the path begins at.
func (p Path) Attribute() string { return p[0].name }

// IsNested reports whether the path goes into its attribute.
func (p Path) IsNested() bool { return len(p) > 1 }

// String returns the path as DynamoDB writes it in error messages.
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.name
		if s.isIndex {
			parts[i] = "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// value returns what the path leads to in an item.
func (p Path) value(item attribute.Item) (attribute.Value, bool) {
	current := attribute.Map(item)
	for _, s := range p {
		next, found := child(current, s)
		if !found {
			return attribute.Value{}, false
		}
		current = next
	}
	return current, true
}

func child(v attribute.Value, s segment) (attribute.Value, bool) {
	if !s.isIndex {
		field, found := v.Fields()[s.name]
		return field, found
	}
	if v.Kind() != attribute.KindList || s.index >= len(v.Elements()) {
		return attribute.Value{}, false
	}
	return v.Elements()[s.index], true
}
