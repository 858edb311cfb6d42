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
type action func(old attribute.Item, current attribute.Value, present bool) (result attribute.Value, keep bool, err error)

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
		return node.leaf.content(old, current, present)
	case !node.isList && current.Kind() == attribute.KindMap:
		return rewriteFields(node, old, current)
	case node.isList && current.Kind() == attribute.KindList:
		return rewriteElements(node, old, current)
	}
	return attribute.Value{}, false, wire.ValidationError("The document path provided in the update expression is invalid for update")
}

func rewriteFields(node *pathTree[action], old attribute.Item, current attribute.Value) (attribute.Value, bool, error) {
	fields := maps.Clone(current.Fields())
	if fields == nil {
		fields = make(map[string]attribute.Value)
	}
	for _, s := range node.segments() {
		field, present := fields[s.name]
		result, keep, err := rewrite(node.children[s], old, field, present)
		switch {
		case err != nil:
			return attribute.Value{}, false, err
		case keep:
			fields[s.name] = result
		default:
			delete(fields, s.name)
		}
	}
	return attribute.Map(fields), true, nil
}

// rewriteElements takes all indexes as those of the old list. What is set
// beyond its end is appended, in the order of the indexes.
func rewriteElements(node *pathTree[action], old attribute.Item, current attribute.Value) (attribute.Value, bool, error) {
	var elements []attribute.Value
	next := 0
	for _, s := range node.segments() {
		upTo := min(s.index, len(current.Elements()))
		elements = append(elements, current.Elements()[next:upTo]...)
		next = upTo
		element, present := child(current, s)
		if present {
			next++
		}
		result, keep, err := rewrite(node.children[s], old, element, present)
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

// setTo is path = value.
func setTo(from source) action {
	return func(old attribute.Item, _ attribute.Value, _ bool) (attribute.Value, bool, error) {
		result, err := from.evaluate(old)
		return result, true, err
	}
}

func removed(attribute.Item, attribute.Value, bool) (attribute.Value, bool, error) {
	return attribute.Value{}, false, nil
}

// adding adds a number, or the members of a set. What is missing counts as zero or as
// the empty set.
func adding(operand attribute.Value) action {
	return func(_ attribute.Item, current attribute.Value, present bool) (attribute.Value, bool, error) {
		switch {
		case !present:
			return operand, true, nil
		case current.Kind() != operand.Kind():
			return attribute.Value{}, false, wrongOperand()
		case current.Kind() == attribute.KindNumber:
			sum, err := current.Plus(operand)
			return sum, true, err
		}
		more := slices.DeleteFunc(slices.Clone(operand.Elements()), current.HasMember)
		return attribute.Set(current.Kind(), slices.Concat(current.Elements(), more)), true, nil
	}
}

// deleting takes members out of a set. A set that becomes empty is removed.
func deleting(operand attribute.Value) action {
	return func(_ attribute.Item, current attribute.Value, present bool) (attribute.Value, bool, error) {
		if present && current.Kind() != operand.Kind() {
			return attribute.Value{}, false, wrongOperand()
		}
		members := slices.DeleteFunc(slices.Clone(current.Elements()), operand.HasMember)
		return attribute.Set(current.Kind(), members), len(members) > 0, nil
	}
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

// calculation is left + right, left - right or list_append(left, right).
type calculation struct {
	operator    string
	left, right source
}

func (c calculation) evaluate(item attribute.Item) (attribute.Value, error) {
	left, err := c.left.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	right, err := c.right.evaluate(item)
	if err != nil {
		return attribute.Value{}, err
	}
	kind := attribute.KindNumber
	if c.operator == "list_append" {
		kind = attribute.KindList
	}
	if left.Kind() != kind || right.Kind() != kind {
		return attribute.Value{}, wrongOperand()
	}
	switch c.operator {
	case "+":
		return left.Plus(right)
	case "-":
		return left.Minus(right)
	}
	return attribute.List(slices.Concat(left.Elements(), right.Elements())), nil
}

func wrongOperand() error {
	return wire.ValidationError("An operand in the update expression has an incorrect data type")
}
