package pattern

import (
	"encoding/json"
	"maps"
	"slices"
)

const existsOperator = "exists"

// Operators lists the supported operators, and $or.
func Operators() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(operations())), existsOperator, orKey)))
}

// operations compile the operators other than exists, such as {"prefix":"x"}.
func operations() map[string]func(operator string, argument any) (matcher, error) {
	return map[string]func(string, any) (matcher, error){
		"anything-but":       func(_ string, argument any) (matcher, error) { return anythingBut(argument) },
		"cidr":               text(cidr),
		"equals-ignore-case": text(infallible(equalsIgnoringCase)),
		"exactly":            text(infallible(exactly)),
		"numeric":            func(_ string, argument any) (matcher, error) { return numeric(argument) },
		"prefix":             affix(prefix, prefixIgnoringCase),
		"suffix":             affix(suffix, suffixIgnoringCase),
		"wildcard":           text(wildcard),
	}
}

func operation(operator string, argument any) (matcher, error) {
	compile, known := operations()[operator]
	if !known {
		return nil, refuse("Unrecognized match type %s", operator)
	}
	return compile(operator, argument)
}

// text compiles an operator whose argument is a text.
func text(make func(string) (matcher, error)) func(string, any) (matcher, error) {
	return func(operator string, argument any) (matcher, error) { return withText(operator, argument, make) }
}

func infallible(make func(string) matcher) func(string) (matcher, error) {
	return func(text string) (matcher, error) { return make(text), nil }
}

func withText(operator string, argument any, make func(string) (matcher, error)) (matcher, error) {
	text, isText := argument.(string)
	if !isText {
		return nil, refuse("%s match pattern must be a string", operator)
	}
	return make(text)
}

// affix compiles prefix and suffix, whose argument may be wrapped to ignore case.
func affix(exact, ignoringCase func(string) matcher) func(string, any) (matcher, error) {
	return func(operator string, argument any) (matcher, error) {
		object, isObject := argument.(map[string]any)
		if !isObject {
			return withText(operator, argument, infallible(exact))
		}
		inner, text, err := only(object)
		if err != nil {
			return nil, err
		}
		if inner != "equals-ignore-case" {
			return nil, refuse("Unsupported %s pattern: %s", operator, inner)
		}
		return withText(inner, text, infallible(ignoringCase))
	}
}

// anythingBut accepts every value that is present and not listed, of any type.
func anythingBut(argument any) (matcher, error) {
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
