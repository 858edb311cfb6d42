package expression

import (
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// Condition is a parsed ConditionExpression or FilterExpression; nil is none.
type Condition struct {
	predicate predicate
	paths     []Path
}

// Holds reports whether an item meets the condition. Every item meets a condition
// that is nil.
func (c *Condition) Holds(item attribute.Item) bool { return c == nil || c.predicate.holds(item) }

// Paths returns every path in the condition.
func (c *Condition) Paths() []Path {
	if c == nil {
		return nil
	}
	return c.paths
}

// predicate is a condition or a part of one. Its evaluation cannot fail: what does
// not apply to an item is false.
type predicate interface {
	holds(attribute.Item) bool
}

// operand is what a predicate compares. It has no value where the item lacks
// the attribute.
type operand interface {
	value(attribute.Item) (attribute.Value, bool)
}

type constant struct{ content attribute.Value }

func (c constant) value(attribute.Item) (attribute.Value, bool) { return c.content, true }

// sizeOf is size(path).
type sizeOf struct{ path Path }

func (s sizeOf) value(item attribute.Item) (attribute.Value, bool) {
	v, found := s.path.value(item)
	if !found {
		return attribute.Value{}, false
	}
	count := 0
	switch {
	case v.Kind() == attribute.KindString, v.Kind() == attribute.KindBinary:
		count = len(v.Text())
	case v.Kind() == attribute.KindList, v.Kind().IsSet():
		count = len(v.Elements())
	case v.Kind() == attribute.KindMap:
		count = len(v.Fields())
	default:
		return attribute.Value{}, false
	}
	counted, err := attribute.Number(strconv.Itoa(count))
	return counted, err == nil
}

type (
	and       struct{ left, right predicate } // AND
	or        struct{ left, right predicate } // OR
	not       struct{ inner predicate }       // NOT
	existence struct {                        // attribute_exists, attribute_not_exists
		path   Path
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
		path Path
		kind attribute.Kind
	}
	prefixTest  struct{ operand, prefix operand } // begins_with
	containment struct{ whole, part operand }     // contains
)

func (c and) holds(item attribute.Item) bool { return c.left.holds(item) && c.right.holds(item) }

func (c or) holds(item attribute.Item) bool  { return c.left.holds(item) || c.right.holds(item) }
func (c not) holds(item attribute.Item) bool { return !c.inner.holds(item) }
func (c existence) holds(item attribute.Item) bool {
	_, found := c.path.value(item)
	return found == c.wanted
}

func (c comparison) holds(item attribute.Item) bool {
	left, hasLeft := c.left.value(item)
	right, hasRight := c.right.value(item)
	present := hasLeft && hasRight
	switch c.operator {
	case "=":
		return present && left.Equal(right)
	case "<>":
		// The negation of =, so it is true where an operand is missing.
		return !present || !left.Equal(right)
	}
	return present && ordered(c.operator, left, right)
}

// ordered compares with <, <=, > or >=. Values of different types, or of types
// without order, are in no order.
func ordered(operator string, left, right attribute.Value) bool {
	if left.Kind() != right.Kind() || !left.Kind().IsOrdered() {
		return false
	}
	order := left.Compare(right)
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

func (c between) holds(item attribute.Item) bool {
	value, hasValue := c.operand.value(item)
	lower, hasLower := c.lower.value(item)
	upper, hasUpper := c.upper.value(item)
	return hasValue && hasLower && hasUpper && ordered("<=", lower, value) && ordered("<=", value, upper)
}

func (c membership) holds(item attribute.Item) bool {
	value, found := c.operand.value(item)
	return found && slices.ContainsFunc(c.candidates, func(candidate operand) bool {
		other, present := candidate.value(item)
		return present && value.Equal(other)
	})
}

func (c kindTest) holds(item attribute.Item) bool {
	value, found := c.path.value(item)
	return found && value.Kind() == c.kind
}

func (c prefixTest) holds(item attribute.Item) bool {
	value, hasValue := c.operand.value(item)
	prefix, hasPrefix := c.prefix.value(item)
	return hasValue && hasPrefix && value.HasPrefix(prefix)
}

func (c containment) holds(item attribute.Item) bool {
	whole, hasWhole := c.whole.value(item)
	part, hasPart := c.part.value(item)
	if !hasWhole || !hasPart {
		return false
	}
	switch {
	case whole.Kind() == attribute.KindString, whole.Kind() == attribute.KindBinary:
		return part.Kind() == whole.Kind() && strings.Contains(whole.Text(), part.Text())
	case whole.Kind() == attribute.KindList, whole.Kind().IsSet():
		return whole.HasMember(part)
	}
	return false
}
