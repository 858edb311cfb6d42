package pattern

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
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
		return nil, 0, incomparable(number)
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

// comparableNumber returns a number's value if it is one that is compared by
// value: one that a double holds without loss, so that its shortest text is the
// same number again. EventBridge's guide has a range of 5.0e9 instead, which its
// engine no longer has.
// https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/ComparableNumber.java
func comparableNumber(number json.Number) (float64, bool) {
	value, err := number.Float64()
	return value, err == nil && decimal(number.String()) == decimal(strconv.FormatFloat(value, 'e', -1, 64))
}

func incomparable(number json.Number) error { return refuse("Cannot compare number : %s", number) }

// decimal returns a number's one spelling: its digits without zeros at either
// end, and the power of ten of the last digit. An exponent beyond 64 bits leaves
// the text as it is.
func decimal(text string) string {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	power := 0
	if scientific {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil {
			return text
		}
	}
	unsigned := strings.TrimPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0"
	}
	power += len(digits) - len(significant) - len(fraction)
	return strings.TrimSuffix(mantissa, unsigned) + significant + "e" + strconv.Itoa(power)
}

// sameNumber compares by value, so that 300 is 300.0; numbers that no double
// holds are compared as they are written. (In AWS's guide numbers are always
// compared as written; AWS itself compares by value.)
func sameNumber(a, b json.Number) bool {
	x, okX := comparableNumber(a)
	y, okY := comparableNumber(b)
	if okX && okY {
		return x == y
	}
	return a == b
}
