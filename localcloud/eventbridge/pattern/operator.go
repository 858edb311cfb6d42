package pattern

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const existsOperator = "exists"

// Operators lists the supported operators, and $or.
func Operators() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(operations())), existsOperator, orKey)))
}

// A compiler compiles an operator with its argument, such as {"prefix":"x"}.
type compiler func(operator string, argument any) (matcher, error)

// operations compile the operators other than exists.
func operations() map[string]compiler {
	return map[string]compiler{
		"anything-but":       anythingBut,
		"cidr":               withText(cidr),
		"equals-ignore-case": comparing(strings.EqualFold),
		"exactly":            comparing(isEqual),
		"numeric":            numeric,
		"prefix":             affix(strings.HasPrefix, hasPrefixFold),
		"suffix":             affix(strings.HasSuffix, hasSuffixFold),
		"wildcard":           withText(wildcard),
	}
}

func operation(operator string, argument any) (matcher, error) {
	compile, known := operations()[operator]
	if !known {
		return nil, refuse("Unrecognized match type %s", operator)
	}
	return compile(operator, argument)
}

// withText compiles an operator whose argument is a text.
func withText(compile func(string) (matcher, error)) compiler {
	return func(operator string, argument any) (matcher, error) {
		text, isText := argument.(string)
		if !isText {
			return nil, refuse("%s match pattern must be a string", operator)
		}
		return compile(text)
	}
}

// comparing compiles an operator that compares texts with its argument.
func comparing(matches func(text, wanted string) bool) compiler {
	return withText(func(wanted string) (matcher, error) {
		return ofText(func(text string) bool { return matches(text, wanted) }), nil
	})
}

// affix compiles prefix and suffix, whose argument may be wrapped to ignore case.
func affix(exact, ignoringCase func(text, wanted string) bool) compiler {
	return func(operator string, argument any) (matcher, error) {
		object, isObject := argument.(map[string]any)
		if !isObject {
			return comparing(exact)(operator, argument)
		}
		inner, text, err := only(object)
		if err != nil {
			return nil, err
		}
		if inner != "equals-ignore-case" {
			return nil, refuse("Unsupported %s pattern: %s", operator, inner)
		}
		return comparing(ignoringCase)(inner, text)
	}
}

// anythingBut accepts every value that is present and not listed, of any type.
func anythingBut(_ string, argument any) (matcher, error) {
	if object, isObject := argument.(map[string]any); isObject {
		return anythingButMatching(object)
	}
	list, err := oneOrMore(argument)
	if err != nil {
		return nil, err
	}
	var matchers []matcher
	texts := 0
	for _, member := range list {
		switch member := member.(type) {
		case string:
			texts++
		case json.Number:
			if _, ok := comparableNumber(member); !ok {
				return nil, incomparable(member)
			}
		default:
			return nil, refuse("Value of anything-but must be an array or single string/number value.")
		}
		matchers = append(matchers, literal(member))
	}
	if texts != 0 && texts != len(list) {
		return nil, refuse("Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return not(anyOf(matchers)), nil
}

// anythingButMatching compiles the forms such as {"anything-but":{"prefix":"x"}},
// whose argument is a string or a list of strings.
func anythingButMatching(object map[string]any) (matcher, error) {
	operator, argument, err := only(object)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}, operator) {
		return nil, refuse("Unsupported anything-but pattern: %s", operator)
	}
	list, err := oneOrMore(argument)
	if err != nil {
		return nil, err
	}
	var matchers []matcher
	for _, member := range list {
		if _, isText := member.(string); !isText {
			return nil, refuse("%s match pattern must be a string", operator)
		}
		if member == "" && (operator == "prefix" || operator == "suffix") {
			return nil, refuse("Null prefix/suffix not allowed")
		}
		matches, err := operation(operator, member)
		if err != nil {
			return nil, err
		}
		matchers = append(matchers, matches)
	}
	return not(anyOf(matchers)), nil
}

func oneOrMore(argument any) ([]any, error) {
	list, isList := argument.([]any)
	if !isList {
		return []any{argument}, nil
	}
	if len(list) == 0 {
		return nil, refuse("Empty arrays are not allowed")
	}
	return list, nil
}

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
