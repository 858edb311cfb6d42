package dynamodb

import (
	"maps"
	"slices"
)

// tree holds something at the end of each of several document paths. No path
// in it begins with another, and no node is both a map and a list.
type tree[T any] struct {
	names   map[string]*tree[T]
	indexes map[int]*tree[T]
	end     *end[T]
}

type end[T any] struct {
	path    path
	content T
}

// insert adds a path. If it overlaps or conflicts with one that is there
// already, nothing is added: it returns that one and says how they collide.
func (t *tree[T]) insert(p path, content T) (other path, collision string) {
	node := t
	for _, s := range p {
		switch {
		case node.end != nil:
			return node.end.path, "overlap"
		case s.isIndex && node.names != nil, !s.isIndex && node.indexes != nil:
			return node.first(), "conflict"
		}
		node = node.child(s)
	}
	if node.end != nil || node.names != nil || node.indexes != nil {
		return node.first(), "overlap"
	}
	node.end = &end[T]{path: p, content: content}
	return nil, ""
}

func (t *tree[T]) child(s segment) *tree[T] {
	if s.isIndex {
		if t.indexes == nil {
			t.indexes = make(map[int]*tree[T])
		}
		if t.indexes[s.index] == nil {
			t.indexes[s.index] = new(tree[T])
		}
		return t.indexes[s.index]
	}
	if t.names == nil {
		t.names = make(map[string]*tree[T])
	}
	if t.names[s.name] == nil {
		t.names[s.name] = new(tree[T])
	}
	return t.names[s.name]
}

// first is some path through this node.
func (t *tree[T]) first() path {
	for t.end == nil {
		if t.names != nil {
			t = t.names[sortedNames(t.names)[0]]
			continue
		}
		t = t.indexes[slices.Min(slices.Collect(maps.Keys(t.indexes)))]
	}
	return t.end.path
}

// add is insert for a parser: a collision is the expression's error.
func add[T any](p *parser, t *tree[T], at path, content T) error {
	other, collision := t.insert(at, content)
	if collision != "" {
		return p.fail("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", collision, other, at)
	}
	return nil
}

// pick returns the parts of an item that the tree's paths lead to. The
// nesting stays; elements picked out of a list close up.
func (t *tree[T]) pick(item Item) Item {
	picked, found := t.pickValue(document(item))
	if !found {
		return nil
	}
	return picked.fields
}

func (t *tree[T]) pickValue(v Value) (Value, bool) {
	switch {
	case t.end != nil:
		return v, true
	case t.indexes != nil:
		return t.pickElements(v)
	}
	return t.pickFields(v)
}

func (t *tree[T]) pickElements(v Value) (Value, bool) {
	var elements []Value
	for _, index := range slices.Sorted(maps.Keys(t.indexes)) {
		element, found := v.child(segment{index: index, isIndex: true})
		if !found {
			continue
		}
		if picked, found := t.indexes[index].pickValue(element); found {
			elements = append(elements, picked)
		}
	}
	return Value{kind: KindList, list: elements}, len(elements) > 0
}

func (t *tree[T]) pickFields(v Value) (Value, bool) {
	fields := make(map[string]Value)
	for name, child := range t.names {
		if field, found := v.fields[name]; found {
			if picked, found := child.pickValue(field); found {
				fields[name] = picked
			}
		}
	}
	return document(fields), len(fields) > 0
}
