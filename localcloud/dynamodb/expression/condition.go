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
	and struct{ left, right predicate } // AND
	or  struct{ left, right predicate } // OR
	not struct{ inner predicate }       // NOT
	// test is a comparison, BETWEEN, IN or a function.
	test struct {
		operator string
		operands []operand
	}
)

func (c and) holds(item attribute.Item) bool { return c.left.holds(item) && c.right.holds(item) }
func (c or) holds(item attribute.Item) bool  { return c.left.holds(item) || c.right.holds(item) }
func (c not) holds(item attribute.Item) bool { return !c.inner.holds(item) }

func (c test) holds(item attribute.Item) bool {
	v := make([]attribute.Value, len(c.operands))
	for i, o := range c.operands {
		var found bool
		// What lacks an operand is no test that holds, except for the opposites of = and
		// attribute_exists. An operand of IN has no kind then, and is equal to none.
		if v[i], found = o.value(item); !found && (i == 0 || c.operator != "IN") {
			return c.operator == "<>" || c.operator == "attribute_not_exists"
		}
	}
	switch c.operator {
	case "=":
		return v[0].Equal(v[1])
	case "<>":
		return !v[0].Equal(v[1])
	case "BETWEEN":
		return ordered("<=", v[1], v[0]) && ordered("<=", v[0], v[2])
	case "IN":
		return slices.ContainsFunc(v[1:], v[0].Equal)
	case "attribute_exists":
		return true
	case "attribute_not_exists":
		return false
	case "attribute_type":
		return v[0].Kind() == attribute.Kind(v[1].Text())
	case "begins_with":
		return v[0].HasPrefix(v[1])
	case "contains":
		isText := v[0].Kind() == attribute.KindString || v[0].Kind() == attribute.KindBinary
		return v[0].HasMember(v[1]) || isText && v[0].Kind() == v[1].Kind() && strings.Contains(v[0].Text(), v[1].Text())
	}
	return ordered(c.operator, v[0], v[1])
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
