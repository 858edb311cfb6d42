package pattern

import (
	"encoding/json"
	"maps"
	"slices"
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
