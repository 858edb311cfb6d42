package expression

import (
	"maps"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// action is what an update does at one path. It is applied to the item as it
// was and to the value at the path, if there is one, and returns the new value,
// if there is one.
type action interface {
	apply(old attribute.Item, current attribute.Value, present bool) (result attribute.Value, keep bool, err error)
}

// Update is a parsed UpdateExpression. All actions see the old item, so their
// order does not matter.
type Update struct {
	tree  pathTree[action]
	paths []Path // the paths written
}

// Paths returns the paths that the update writes.
func (u *Update) Paths() []Path { return u.paths }

// Pick returns the parts of an item that the update writes, or nil if the item has
// none of them.
func (u *Update) Pick(item attribute.Item) attribute.Item { return u.tree.pick(item) }

// Apply returns the item after the update.
func (u *Update) Apply(old attribute.Item) (attribute.Item, error) {
	if len(u.paths) == 0 {
		return old, nil
	}
	result, _, err := rewrite(&u.tree, old, attribute.Map(old), true)
	return result.Fields(), err
}

func rewrite(node *pathTree[action], old attribute.Item, current attribute.Value, present bool) (attribute.Value, bool, error) {
	switch {
	case node.leaf != nil:
		return node.leaf.content.apply(old, current, present)
	case node.names != nil && current.Kind() == attribute.KindMap:
		return rewriteFields(node, old, current)
	case node.indexes != nil && current.Kind() == attribute.KindList:
		return rewriteElements(node, old, current)
	}
	return attribute.Value{}, false, wire.ValidationError("The document path provided in the update expression is invalid for update")
}

func rewriteFields(node *pathTree[action], old attribute.Item, current attribute.Value) (attribute.Value, bool, error) {
	fields := maps.Clone(current.Fields())
	if fields == nil {
		fields = make(map[string]attribute.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(node.names)) {
		field, present := fields[name]
		result, keep, err := rewrite(node.names[name], old, field, present)
		switch {
		case err != nil:
			return attribute.Value{}, false, err
		case keep:
			fields[name] = result
		default:
			delete(fields, name)
		}
	}
	return attribute.Map(fields), true, nil
}

// rewriteElements takes all indexes as those of the old list. What is set
// beyond its end is appended, in the order of the indexes.
func rewriteElements(node *pathTree[action], old attribute.Item, current attribute.Value) (attribute.Value, bool, error) {
	var elements []attribute.Value
	next := 0
	for _, index := range slices.Sorted(maps.Keys(node.indexes)) {
		upTo := min(index, len(current.Elements()))
		elements = append(elements, current.Elements()[next:upTo]...)
		next = upTo
		var element attribute.Value
		present := index < len(current.Elements())
		if present {
			element = current.Elements()[index]
			next++
		}
		result, keep, err := rewrite(node.indexes[index], old, element, present)
		if err != nil {
			return attribute.Value{}, false, err
		}
		if keep {
			elements = append(elements, result)
		}
	}
	elements = append(elements, current.Elements()[next:]...)
	return attribute.List(elements), true, nil
}

// setAction is path = value.
type setAction struct{ source source }

func (a setAction) apply(old attribute.Item, _ attribute.Value, _ bool) (attribute.Value, bool, error) {
	result, err := a.source.evaluate(old)
	return result, true, err
}

type removeAction struct{}

func (removeAction) apply(attribute.Item, attribute.Value, bool) (attribute.Value, bool, error) {
	return attribute.Value{}, false, nil
}

// addAction adds a number, or the members of a set. What is missing counts as
// zero or as the empty set.
type addAction struct{ operand attribute.Value }

func (a addAction) apply(_ attribute.Item, current attribute.Value, present bool) (attribute.Value, bool, error) {
	if !present {
		return a.operand, true, nil
	}
	if current.Kind() != a.operand.Kind() {
		return attribute.Value{}, false, wrongOperand()
	}
	if current.Kind() == attribute.KindNumber {
		sum, err := current.Plus(a.operand)
		return sum, true, err
	}
	members := slices.Clone(current.Elements())
	for _, member := range a.operand.Elements() {
		if !current.HasMember(member) {
			members = append(members, member)
		}
	}
	return attribute.Set(current.Kind(), members), true, nil
}

// deleteAction takes members out of a set. A set that becomes empty is removed.
type deleteAction struct{ operand attribute.Value }

func (a deleteAction) apply(_ attribute.Item, current attribute.Value, present bool) (attribute.Value, bool, error) {
	if !present {
		return attribute.Value{}, false, nil
	}
	if current.Kind() != a.operand.Kind() {
		return attribute.Value{}, false, wrongOperand()
	}
	members := slices.DeleteFunc(slices.Clone(current.Elements()), a.operand.HasMember)
	return attribute.Set(current.Kind(), members), len(members) > 0, nil
}

// source is the right-hand side of a SET. Unlike an operand of a condition it
// fails if the item lacks the attribute.
type source interface {
	evaluate(attribute.Item) (attribute.Value, error)
}

func (c constant) evaluate(attribute.Item) (attribute.Value, error) { return c.content, nil }

func (p Path) evaluate(item attribute.Item) (attribute.Value, error) {
	value, found := p.value(item)
	if !found {
		return attribute.Value{}, wire.ValidationError("The provided expression refers to an attribute that does not exist in the item")
	}
	return value, nil
}

type ifNotExists struct {
	path     Path
	fallback source
}

func (s ifNotExists) evaluate(item attribute.Item) (attribute.Value, error) {
	if value, found := s.path.value(item); found {
		return value, nil
	}
	return s.fallback.evaluate(item)
}

type listAppend struct{ front, back source }

func (s listAppend) evaluate(item attribute.Item) (attribute.Value, error) {
	front, err := s.front.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	back, err := s.back.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	if front.Kind() != attribute.KindList || back.Kind() != attribute.KindList {
		return attribute.Value{}, wrongOperand()
	}
	return attribute.List(slices.Concat(front.Elements(), back.Elements())), nil
}

// sum is left + right, or left - right.
type sum struct {
	left, right source
	subtract    bool
}

func (s sum) evaluate(item attribute.Item) (attribute.Value, error) {
	left, err := s.left.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	right, err := s.right.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	if left.Kind() != attribute.KindNumber || right.Kind() != attribute.KindNumber {
		return attribute.Value{}, wrongOperand()
	}
	if s.subtract {
		return left.Minus(right)
	}
	return left.Plus(right)
}

func wrongOperand() error {
	return wire.ValidationError("An operand in the update expression has an incorrect data type")
}
