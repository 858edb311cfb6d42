package dynamodb

// keyTest is one condition of a KeyConditionExpression: an attribute and what
// it is compared with.
type keyTest struct {
	operator string // =, <, <=, >, >=, BETWEEN or begins_with
	bounds   []Value
}

// keyTests takes a condition apart into one test for each key attribute.
func keyTests(c condition, into map[string]keyTest) error {
	switch c := c.(type) {
	case both:
		if err := keyTests(c.left, into); err != nil {
			return err
		}
		return keyTests(c.right, into)
	case comparison:
		if c.operator == "<>" {
			return invalidKeyOperator("<>")
		}
		if _, ok := c.left.(constant); ok {
			return addKeyTest(into, mirrored(c.operator), c.right, c.left)
		}
		return addKeyTest(into, c.operator, c.left, c.right)
	case between:
		return addKeyTest(into, "BETWEEN", c.operand, c.lower, c.upper)
	case prefixTest:
		return addKeyTest(into, "begins_with", c.operand, c.prefix)
	default:
		return invalidKeyOperator(operatorOf(c))
	}
}

func invalidKeyOperator(name string) error {
	return validation("Invalid operator used in KeyConditionExpression: %s", name)
}

func operatorOf(c condition) string {
	switch c := c.(type) {
	case either:
		return "OR"
	case negation:
		return "NOT"
	case membership:
		return "IN"
	case kindTest:
		return "attribute_type"
	case containment:
		return "contains"
	case existence:
		if c.wanted {
			return "attribute_exists"
		}
	}
	return "attribute_not_exists"
}

// mirrored is the operator that says the same with its operands exchanged.
func mirrored(operator string) string {
	switch operator {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return operator
}

func addKeyTest(into map[string]keyTest, operator string, attribute operand, bounds ...operand) error {
	tested, ok := attribute.(path)
	if !ok {
		if _, nested := attribute.(sizeOf); nested {
			return validation("KeyConditionExpressions cannot contain nested operations")
		}
		return validation("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", operator)
	}
	if len(tested) > 1 {
		return validation("KeyConditionExpressions cannot have conditions on nested attributes")
	}
	test := keyTest{operator: operator}
	for _, bound := range bounds {
		switch bound := bound.(type) {
		case constant:
			test.bounds = append(test.bounds, bound.content)
		case path:
			return validation("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		default:
			return validation("KeyConditionExpressions cannot contain nested operations")
		}
	}
	if _, twice := into[tested[0].name]; twice {
		return validation("KeyConditionExpressions must only contain one condition per key")
	}
	into[tested[0].name] = test
	return nil
}

// check compares a test with the type of its attribute.
func (k keyTest) check(attribute, kind string) error {
	for _, bound := range k.bounds {
		if string(bound.kind) != kind {
			return validation("One or more parameter values were invalid: Condition parameter type does not match schema type")
		}
		if bound.text == "" && bound.kind != KindNumber {
			return emptyKey(bound.kind, "Key: "+attribute)
		}
	}
	return nil
}

// before tells whether a value comes before all that the test accepts.
func (k keyTest) before(v Value) bool {
	switch k.operator {
	case "<", "<=", "":
		return false
	case ">":
		return v.compare(k.bounds[0]) <= 0
	}
	return v.compare(k.bounds[0]) < 0
}

// after tells whether a value comes after all that the test accepts.
func (k keyTest) after(v Value) bool {
	switch k.operator {
	case "=", "<=":
		return v.compare(k.bounds[0]) > 0
	case "<":
		return v.compare(k.bounds[0]) >= 0
	case "BETWEEN":
		return v.compare(k.bounds[1]) > 0
	case "begins_with":
		return v.compare(k.bounds[0]) > 0 && !hasPrefixValue(v, k.bounds[0])
	}
	return false
}
