package dynamodb

import (
	"slices"
	"strconv"
	"strings"
)

// segment is one step of a document path: into a map by name, or into a list
// by index.
type segment struct {
	name    string
	index   int
	isIndex bool
}

// path is a document path such as a.b[0]. Its first segment is a name.
type path []segment

func (p path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.name
		if s.isIndex {
			parts[i] = "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (p path) equal(q path) bool { return slices.Equal(p, q) }

// value looks the path up in an item.
func (p path) value(item Item) (Value, bool) {
	current := document(item)
	for _, s := range p {
		next, found := current.child(s)
		if !found {
			return Value{}, false
		}
		current = next
	}
	return current, true
}

func (v Value) child(s segment) (Value, bool) {
	if !s.isIndex {
		field, found := v.fields[s.name]
		return field, found
	}
	if v.kind != KindList || s.index >= len(v.list) {
		return Value{}, false
	}
	return v.list[s.index], true
}
