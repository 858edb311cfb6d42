package expression

import (
	"cmp"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// KeyTest is the condition of a KeyConditionExpression on one attribute. The zero
// KeyTest accepts every value.
type KeyTest struct {
	Operator string // =, <, <=, >, >=, BETWEEN or begins_with
	Bounds   []attribute.Value
}

// ParseKeyCondition parses a KeyConditionExpression and returns its tests by the
// attribute that they are for.
func ParseKeyCondition(text string, variables *Variables) (map[string]KeyTest, error) {
	parsed, err := ParseCondition("KeyConditionExpression", &text, variables)
	if err != nil {
		return nil, err
	}
	tests := make(map[string]KeyTest)
	return tests, addKeyTests(tests, parsed.predicate)
}

// addKeyTests takes a predicate apart into one test for each key attribute.
func addKeyTests(into map[string]KeyTest, c predicate) error {
	switch c := c.(type) {
	case and:
		return cmp.Or(addKeyTests(into, c.left), addKeyTests(into, c.right))
	case test:
		return addTest(into, c)
	case or:
		return invalidKeyOperator("OR")
	default:
		return invalidKeyOperator("NOT")
	}
}

func addTest(into map[string]KeyTest, c test) error {
	switch c.operator {
	case "=", "<", "<=", ">", ">=":
		if _, ok := c.operands[0].(constant); ok {
			return addKeyTest(into, mirrored(c.operator), c.operands[1], c.operands[0])
		}
	case "BETWEEN", "begins_with":
	default:
		return invalidKeyOperator(c.operator)
	}
	return addKeyTest(into, c.operator, c.operands[0], c.operands[1:]...)
}

func invalidKeyOperator(name string) error {
	return wire.ValidationError("Invalid operator used in KeyConditionExpression: %s", name)
}

// mirrored returns the operator that means the same with its operands exchanged.
func mirrored(operator string) string {
	return strings.NewReplacer("<", ">", ">", "<").Replace(operator)
}

func addKeyTest(into map[string]KeyTest, operator string, attribute operand, bounds ...operand) error {
	tested, ok := attribute.(Path)
	if !ok {
		if _, nested := attribute.(sizeOf); nested {
			return wire.ValidationError("KeyConditionExpressions cannot contain nested operations")
		}
		return wire.ValidationError("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", operator)
	}
	if len(tested) > 1 {
		return wire.ValidationError("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	test := KeyTest{Operator: operator}
	for _, bound := range bounds {
		switch bound := bound.(type) {
		case constant:
			test.Bounds = append(test.Bounds, bound.content)
		case Path:
			return wire.ValidationError("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		default:
			return wire.ValidationError("KeyConditionExpressions cannot contain nested operations")
		}
	}
	if _, twice := into[tested[0].name]; twice {
		return wire.ValidationError("KeyConditionExpressions must only contain one condition per key")
	}
	into[tested[0].name] = test
	return nil
}

// Before reports whether a value comes before all that the test accepts.
func (k KeyTest) Before(v attribute.Value) bool {
	switch k.Operator {
	case "<", "<=", "":
		return false
	case ">":
		return v.Compare(k.Bounds[0]) <= 0
	}
	return v.Compare(k.Bounds[0]) < 0
}

// After reports whether a value comes after all that the test accepts.
func (k KeyTest) After(v attribute.Value) bool {
	switch k.Operator {
	case "=", "<=":
		return v.Compare(k.Bounds[0]) > 0
	case "<":
		return v.Compare(k.Bounds[0]) >= 0
	case "BETWEEN":
		return v.Compare(k.Bounds[1]) > 0
	case "begins_with":
		return v.Compare(k.Bounds[0]) > 0 && !v.HasPrefix(k.Bounds[0])
	}
	return false
}
