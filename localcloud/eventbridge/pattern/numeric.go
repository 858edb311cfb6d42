package pattern

import (
	"encoding/json"
	"slices"
)

type comparison func(value, bound float64) bool

// numeric compiles ["<", 5] or the range [">", 0, "<=", 5].
func numeric(argument any) (matcher, error) {
	list, isList := argument.([]any)
	if !isList {
		return nil, refuse("Value of numeric must be an array.")
	}
	switch len(list) {
	case 2:
		compare, bound, err := bounded(list[0], list[1], "=", "<", "<=", ">", ">=")
		if err != nil {
			return nil, err
		}
		return ofNumber(func(value float64) bool { return compare(value, bound) }), nil
	case 4:
		return numericRange(list)
	default:
		return nil, refuse("numeric needs one or two pairs of an operator and a number")
	}
}

func numericRange(list []any) (matcher, error) {
	above, bottom, err := bounded(list[0], list[1], ">", ">=")
	if err != nil {
		return nil, err
	}
	below, top, err := bounded(list[2], list[3], "<", "<=")
	if err != nil {
		return nil, err
	}
	if bottom >= top {
		return nil, refuse("Bottom must be less than top")
	}
	return ofNumber(func(value float64) bool { return above(value, bottom) && below(value, top) }), nil
}

func ofNumber(matches func(float64) bool) matcher {
	return func(value any) bool {
		number, isNumber := value.(json.Number)
		if !isNumber {
			return false
		}
		comparable, ok := comparableNumber(number)
		return ok && matches(comparable)
	}
}

func bounded(operator, operand any, allowed ...string) (comparison, float64, error) {
	name, isText := operator.(string)
	if !isText {
		return nil, 0, refuse("Invalid member in numeric match: %v", operator)
	}
	if !slices.Contains(allowed, name) {
		return nil, 0, refuse("Unrecognized numeric range operator: %s", name)
	}
	number, isNumber := operand.(json.Number)
	if !isNumber {
		return nil, 0, refuse("Value of %s must be numeric", name)
	}
	bound, ok := comparableNumber(number)
	if !ok {
		return nil, 0, refuse("Value of %s must be between -5.0e9 and 5.0e9", name)
	}
	return comparisons(name), bound, nil
}

func comparisons(operator string) comparison {
	switch operator {
	case "=":
		return func(value, bound float64) bool { return value == bound }
	case "<":
		return func(value, bound float64) bool { return value < bound }
	case "<=":
		return func(value, bound float64) bool { return value <= bound }
	case ">":
		return func(value, bound float64) bool { return value > bound }
	case ">=":
		return func(value, bound float64) bool { return value >= bound }
	default:
		return nil
	}
}
