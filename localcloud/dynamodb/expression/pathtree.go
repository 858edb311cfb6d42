package expression

import (
	"maps"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// pathTree holds something at the end of each of several document paths. No
// path in it begins with another, and no node is both a map and a list.
type pathTree[T any] struct {
	names   map[string]*pathTree[T]
	indexes map[int]*pathTree[T]
	leaf    *leaf[T]
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
		case s.isIndex && node.names != nil, !s.isIndex && node.indexes != nil:
			return node.anyPath(), "conflict"
		}
		node = node.child(s)
	}
	if node.leaf != nil || node.names != nil || node.indexes != nil {
		return node.anyPath(), "overlap"
	}
	node.leaf = &leaf[T]{path: p, content: content}
	return nil, ""
}

func (t *pathTree[T]) child(s segment) *pathTree[T] {
	if s.isIndex {
		if t.indexes == nil {
			t.indexes = make(map[int]*pathTree[T])
		}
		if t.indexes[s.index] == nil {
			t.indexes[s.index] = new(pathTree[T])
		}
		return t.indexes[s.index]
	}
	if t.names == nil {
		t.names = make(map[string]*pathTree[T])
	}
	if t.names[s.name] == nil {
		t.names[s.name] = new(pathTree[T])
	}
	return t.names[s.name]
}

// anyPath returns a path through this node.
func (t *pathTree[T]) anyPath() Path {
	for t.leaf == nil {
		if t.names != nil {
			t = t.names[slices.Min(slices.Collect(maps.Keys(t.names)))]
			continue
		}
		t = t.indexes[slices.Min(slices.Collect(maps.Keys(t.indexes)))]
	}
	return t.leaf.path
}

// add is insert for a parser: a collision is the expression's error.
func add[T any](p *parser, t *pathTree[T], at Path, content T) error {
	other, collision := t.insert(at, content)
	if collision != "" {
		return p.fail("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", collision, other, at)
	}
	return nil
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
	switch {
	case t.leaf != nil:
		return v, true
	case t.indexes != nil:
		return t.pickElements(v)
	}
	return t.pickFields(v)
}

func (t *pathTree[T]) pickElements(v attribute.Value) (attribute.Value, bool) {
	var elements []attribute.Value
	for _, index := range slices.Sorted(maps.Keys(t.indexes)) {
		element, found := child(v, segment{index: index, isIndex: true})
		if !found {
			continue
		}
		if picked, found := t.indexes[index].pickValue(element); found {
			elements = append(elements, picked)
		}
	}
	return attribute.List(elements), len(elements) > 0
}

func (t *pathTree[T]) pickFields(v attribute.Value) (attribute.Value, bool) {
	fields := make(map[string]attribute.Value)
	for name, child := range t.names {
		if field, found := v.Fields()[name]; found {
			if picked, found := child.pickValue(field); found {
				fields[name] = picked
			}
		}
	}
	return attribute.Map(fields), len(fields) > 0
}
