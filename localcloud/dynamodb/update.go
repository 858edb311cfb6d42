package dynamodb

import (
	"maps"
	"slices"
)

// action is what an update does at one path. It sees the item as it was, the
// value now at the path if there is one, and says what stays there.
type action interface {
	apply(old Item, current Value, present bool) (result Value, keep bool, err error)
}

// update is a parsed UpdateExpression. All actions see the old item, so their
// order does not matter.
type update struct {
	tree  tree[action]
	paths []path // the paths written
}

// apply makes the item after the update.
func (u *update) apply(old Item) (Item, error) {
	if len(u.paths) == 0 {
		return old, nil
	}
	result, _, err := rewrite(&u.tree, old, document(old), true)
	return result.fields, err
}

func rewrite(node *tree[action], old Item, current Value, present bool) (Value, bool, error) {
	switch {
	case node.end != nil:
		return node.end.content.apply(old, current, present)
	case node.names != nil && current.kind == KindMap:
		return rewriteFields(node, old, current)
	case node.indexes != nil && current.kind == KindList:
		return rewriteElements(node, old, current)
	}
	return Value{}, false, validation("The document path provided in the update expression is invalid for update")
}

func rewriteFields(node *tree[action], old Item, current Value) (Value, bool, error) {
	fields := maps.Clone(current.fields)
	if fields == nil {
		fields = make(map[string]Value)
	}
	for _, name := range sortedNames(node.names) {
		field, present := fields[name]
		result, keep, err := rewrite(node.names[name], old, field, present)
		switch {
		case err != nil:
			return Value{}, false, err
		case keep:
			fields[name] = result
		default:
			delete(fields, name)
		}
	}
	return document(fields), true, nil
}

// rewriteElements takes all indexes as those of the old list. What is set
// beyond its end is appended, in the order of the indexes.
func rewriteElements(node *tree[action], old Item, current Value) (Value, bool, error) {
	var elements []Value
	next := 0
	for _, index := range slices.Sorted(maps.Keys(node.indexes)) {
		upTo := min(index, len(current.list))
		elements = append(elements, current.list[next:upTo]...)
		next = upTo
		var element Value
		present := index < len(current.list)
		if present {
			element = current.list[index]
			next++
		}
		result, keep, err := rewrite(node.indexes[index], old, element, present)
		if err != nil {
			return Value{}, false, err
		}
		if keep {
			elements = append(elements, result)
		}
	}
	elements = append(elements, current.list[next:]...)
	return Value{kind: KindList, list: elements}, true, nil
}

// setAction is path = value.
type setAction struct{ source source }

func (a setAction) apply(old Item, _ Value, _ bool) (Value, bool, error) {
	result, err := a.source.evaluate(old)
	return result, true, err
}

type removeAction struct{}

func (removeAction) apply(Item, Value, bool) (Value, bool, error) { return Value{}, false, nil }

// addAction adds a number, or the members of a set. What is missing counts as
// zero or as the empty set.
type addAction struct{ operand Value }

func (a addAction) apply(_ Item, current Value, present bool) (Value, bool, error) {
	if !present {
		return a.operand, true, nil
	}
	if current.kind != a.operand.kind {
		return Value{}, false, wrongOperand()
	}
	if current.kind == KindNumber {
		sum, err := current.number.plus(a.operand.number)
		return numeric(sum), true, err
	}
	members := slices.Clone(current.list)
	for _, member := range a.operand.list {
		if !current.hasMember(member) {
			members = append(members, member)
		}
	}
	return Value{kind: current.kind, list: members}, true, nil
}

// deleteAction takes members out of a set. A set that becomes empty is removed.
type deleteAction struct{ operand Value }

func (a deleteAction) apply(_ Item, current Value, present bool) (Value, bool, error) {
	if !present {
		return Value{}, false, nil
	}
	if current.kind != a.operand.kind {
		return Value{}, false, wrongOperand()
	}
	members := slices.DeleteFunc(slices.Clone(current.list), a.operand.hasMember)
	return Value{kind: current.kind, list: members}, len(members) > 0, nil
}

// source is the right-hand side of a SET. Unlike an operand of a condition it
// fails if the item lacks the attribute.
type source interface {
	evaluate(Item) (Value, error)
}

func (c constant) evaluate(Item) (Value, error) { return c.content, nil }

func (p path) evaluate(item Item) (Value, error) {
	value, found := p.value(item)
	if !found {
		return Value{}, validation("The provided expression refers to an attribute that does not exist in the item")
	}
	return value, nil
}

type ifNotExists struct {
	path     path
	fallback source
}

func (s ifNotExists) evaluate(item Item) (Value, error) {
	if value, found := s.path.value(item); found {
		return value, nil
	}
	return s.fallback.evaluate(item)
}

type listAppend struct{ front, back source }

func (s listAppend) evaluate(item Item) (Value, error) {
	front, err := s.front.evaluate(item)
	if err != nil {
		return Value{}, err
	}
	back, err := s.back.evaluate(item)
	if err != nil {
		return Value{}, err
	}
	if front.kind != KindList || back.kind != KindList {
		return Value{}, wrongOperand()
	}
	return Value{kind: KindList, list: slices.Concat(front.list, back.list)}, nil
}

// sum is left + right, or left - right.
type sum struct {
	left, right source
	subtract    bool
}

func (s sum) evaluate(item Item) (Value, error) {
	left, err := s.left.evaluate(item)
	if err != nil {
		return Value{}, err
	}
	right, err := s.right.evaluate(item)
	if err != nil {
		return Value{}, err
	}
	if left.kind != KindNumber || right.kind != KindNumber {
		return Value{}, wrongOperand()
	}
	operand := right.number
	if s.subtract {
		operand = operand.negated()
	}
	result, err := left.number.plus(operand)
	return numeric(result), err
}

func wrongOperand() error {
	return validation("An operand in the update expression has an incorrect data type")
}
