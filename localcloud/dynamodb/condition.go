package dynamodb

import (
	"slices"
	"strconv"
	"strings"
)

// condition is a parsed ConditionExpression, FilterExpression or
// KeyConditionExpression. Its evaluation cannot fail: whatever does not apply
// to an item is false.
type condition interface {
	holds(Item) bool
}

// operand is what a condition compares. It has no value where the item lacks
// the attribute.
type operand interface {
	value(Item) (Value, bool)
}

type constant struct{ content Value }

func (c constant) value(Item) (Value, bool) { return c.content, true }

// sizeOf is size(path).
type sizeOf struct{ path path }

func (s sizeOf) value(item Item) (Value, bool) {
	v, found := s.path.value(item)
	if !found {
		return Value{}, false
	}
	count := 0
	switch {
	case v.kind == KindString, v.kind == KindBinary:
		count = len(v.text)
	case v.kind == KindList, v.kind.isSet():
		count = len(v.list)
	case v.kind == KindMap:
		count = len(v.fields)
	default:
		return Value{}, false
	}
	counted, err := Number(strconv.Itoa(count))
	return counted, err == nil
}

type (
	both      struct{ left, right condition } // AND
	either    struct{ left, right condition } // OR
	negation  struct{ inner condition }       // NOT
	existence struct {                        // attribute_exists, attribute_not_exists
		path   path
		wanted bool
	}
	comparison struct {
		operator    string
		left, right operand
	}
	between    struct{ operand, lower, upper operand }
	membership struct { // IN
		operand    operand
		candidates []operand
	}
	kindTest struct { // attribute_type
		path path
		kind Kind
	}
	prefixTest  struct{ operand, prefix operand } // begins_with
	containment struct{ whole, part operand }     // contains
)

func (c both) holds(item Item) bool      { return c.left.holds(item) && c.right.holds(item) }
func (c either) holds(item Item) bool    { return c.left.holds(item) || c.right.holds(item) }
func (c negation) holds(item Item) bool  { return !c.inner.holds(item) }
func (c existence) holds(item Item) bool { _, found := c.path.value(item); return found == c.wanted }

func (c comparison) holds(item Item) bool {
	left, hasLeft := c.left.value(item)
	right, hasRight := c.right.value(item)
	present := hasLeft && hasRight
	switch c.operator {
	case "=":
		return present && left.equal(right)
	case "<>":
		// The negation of =, so it is true where an operand is missing.
		return !present || !left.equal(right)
	}
	return present && ordered(c.operator, left, right)
}

// ordered compares with <, <=, > or >=. Values of different types, or of types
// without order, are in no order.
func ordered(operator string, left, right Value) bool {
	if left.kind != right.kind || !left.kind.isOrdered() {
		return false
	}
	order := left.compare(right)
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (c between) holds(item Item) bool {
	value, hasValue := c.operand.value(item)
	lower, hasLower := c.lower.value(item)
	upper, hasUpper := c.upper.value(item)
	return hasValue && hasLower && hasUpper && ordered("<=", lower, value) && ordered("<=", value, upper)
}

func (c membership) holds(item Item) bool {
	value, found := c.operand.value(item)
	return found && slices.ContainsFunc(c.candidates, func(candidate operand) bool {
		other, present := candidate.value(item)
		return present && value.equal(other)
	})
}

func (c kindTest) holds(item Item) bool {
	value, found := c.path.value(item)
	return found && value.kind == c.kind
}

func (c prefixTest) holds(item Item) bool {
	value, hasValue := c.operand.value(item)
	prefix, hasPrefix := c.prefix.value(item)
	return hasValue && hasPrefix && hasPrefixValue(value, prefix)
}

func hasPrefixValue(value, prefix Value) bool {
	isText := value.kind == KindString || value.kind == KindBinary
	return isText && value.kind == prefix.kind && strings.HasPrefix(value.text, prefix.text)
}

func (c containment) holds(item Item) bool {
	whole, hasWhole := c.whole.value(item)
	part, hasPart := c.part.value(item)
	if !hasWhole || !hasPart {
		return false
	}
	switch {
	case whole.kind == KindString, whole.kind == KindBinary:
		return part.kind == whole.kind && strings.Contains(whole.text, part.text)
	case whole.kind == KindList, whole.kind.isSet():
		return whole.hasMember(part)
	}
	return false
}

// allows tells whether a write's condition, if it has one, lets it happen.
func allows(c condition, item Item) bool { return c == nil || c.holds(item) }
