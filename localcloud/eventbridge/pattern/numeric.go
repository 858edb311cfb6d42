package pattern

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A bound is one comparison of numeric. The result of comparing a value with it is one of
// those that it accepts.
type bound struct {
	value    float64
	accepted []int
}

// numeric compiles ["<", 5] or the range [">", 0, "<=", 5].
func numeric(_ string, argument any) (matcher, error) {
	list, isList := argument.([]any)
	if !isList {
		return nil, refuse("Value of numeric must be an array.")
	}
	var allowed [][]string
	switch len(list) {
	case 2:
		allowed = [][]string{{"=", "<", "<=", ">", ">="}}
	case 4:
		allowed = [][]string{{">", ">="}, {"<", "<="}}
	default:
		return nil, refuse("numeric needs one or two pairs of an operator and a number")
	}
	bounds := make([]bound, len(allowed))
	for i, operators := range allowed {
		var err error
		if bounds[i], err = bounded(list[2*i], list[2*i+1], operators); err != nil {
			return nil, err
		}
	}
	if len(bounds) == 2 && bounds[0].value >= bounds[1].value {
		return nil, refuse("Bottom must be less than top")
	}
	return func(value any) bool {
		number, isNumber := value.(json.Number)
		comparable, ok := comparableNumber(number)
		return isNumber && ok && !slices.ContainsFunc(bounds, func(b bound) bool {
			return !slices.Contains(b.accepted, cmp.Compare(comparable, b.value))
		})
	}, nil
}

func bounded(operator, operand any, allowed []string) (bound, error) {
	name, isText := operator.(string)
	if !isText {
		return bound{}, refuse("Invalid member in numeric match: %v", operator)
	}
	if !slices.Contains(allowed, name) {
		return bound{}, refuse("Unrecognized numeric range operator: %s", name)
	}
	number, isNumber := operand.(json.Number)
	if !isNumber {
		return bound{}, refuse("Value of %s must be numeric", name)
	}
	value, ok := comparableNumber(number)
	if !ok {
		return bound{}, incomparable(number)
	}
	return bound{value, map[string][]int{"=": {0}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}[name]}, nil
}

// comparableNumber returns a number's value if it is one that is compared by value: one
// that a double holds without loss, so that its shortest text is the same number again.
// EventBridge's guide has a range of 5.0e9 instead, which its engine no longer has.
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
