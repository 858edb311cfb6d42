package expression

import (
	"cmp"
	"maps"
	"slices"
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

// pathTree holds something at the end of each of several document paths. No path in it
// begins with another, and the children of a node are either in a map or in a list.
type pathTree[T any] struct {
	children map[segment]*pathTree[T]
	isList   bool
	leaf     *leaf[T]
}

type leaf[T any] struct {
	path    Path
	content T
}

// insert adds a path. If it overlaps or conflicts with one that is there
// already, nothing is added: it returns that one and how they collide.
func (t *pathTree[T]) insert(p Path, content T) (other Path, collision string) {
	node := t
	for _, s := range p {
		switch {
		case node.leaf != nil:
			return node.leaf.path, "overlap"
		case node.children == nil:
			node.children, node.isList = make(map[segment]*pathTree[T]), s.isIndex
		case node.isList != s.isIndex:
			return node.anyPath(), "conflict"
		}
		if node.children[s] == nil {
			node.children[s] = new(pathTree[T])
		}
		node = node.children[s]
	}
	if node.leaf != nil || node.children != nil {
		return node.anyPath(), "overlap"
	}
	node.leaf = &leaf[T]{path: p, content: content}
	return nil, ""
}

// segments returns the segments to the children in order.
func (t *pathTree[T]) segments() []segment {
	return slices.SortedFunc(maps.Keys(t.children), func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.name, b.name))
	})
}

// anyPath returns a path through this node.
func (t *pathTree[T]) anyPath() Path {
	for t.leaf == nil {
		t = t.children[t.segments()[0]]
	}
	return t.leaf.path
}

// add is insert for a parser: a collision is the expression's error.
func add[T any](p *parser, t *pathTree[T], at Path, content T) {
	other, collision := t.insert(at, content)
	if collision != "" {
		p.fail("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", collision, other, at)
	}
}

// pick returns the parts of an item that the tree's paths lead to. The
// nesting stays; elements picked out of a list close up.
func (t *pathTree[T]) pick(item attribute.Item) attribute.Item {
	picked, found := t.pickValue(attribute.Map(item))
	if !found {
		return nil
	}
	return picked.Fields()
}

func (t *pathTree[T]) pickValue(v attribute.Value) (attribute.Value, bool) {
	if t.leaf != nil {
		return v, true
	}
	var elements []attribute.Value
	fields := make(map[string]attribute.Value)
	for _, s := range t.segments() {
		inner, found := child(v, s)
		if !found {
			continue
		}
		if picked, found := t.children[s].pickValue(inner); found {
			elements = append(elements, picked)
			fields[s.name] = picked
		}
	}
	if t.isList {
		return attribute.List(elements), len(elements) > 0
	}
	return attribute.Map(fields), len(fields) > 0
}

// Projection is a parsed ProjectionExpression; nil takes everything.
type Projection struct {
	tree  pathTree[struct{}]
	paths []Path
}

// ParseProjection parses a ProjectionExpression. It returns nil if the request has
// none.
func ParseProjection(text *string, variables *Variables) (*Projection, error) {
	if text == nil {
		return nil, nil
	}
	p := newParser("ProjectionExpression", *text, variables)
	read := new(Projection)
	add(p, &read.tree, p.path(), struct{}{})
	for p.accept(",") {
		add(p, &read.tree, p.path(), struct{}{})
	}
	p.end()
	read.paths = p.paths
	return read, p.err
}

// Paths returns every path in the projection.
func (p *Projection) Paths() []Path {
	if p == nil {
		return nil
	}
	return p.paths
}

// Of returns what the projection takes of an item. It is empty, not absent, if the
// item has none of it.
func (p *Projection) Of(item attribute.Item) attribute.Item {
	if item == nil || p == nil {
		return item
	}
	picked := p.tree.pick(item)
	if picked == nil {
		picked = attribute.Item{}
	}
	return picked
}
