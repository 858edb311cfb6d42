package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// An operator is a comparison with its modifiers.
type operator struct {
	matches func(wanted, value string) bool
	// boolean is set if the policy's values can only be true and false.
	boolean bool
	// negated holds if no value of the policy matches.
	negated bool
	// ifExists holds if the request does not have the key.
	ifExists bool
	set      set
	// null tests whether the key is absent, instead of comparing.
	null bool
}

// A set is how many of a key's several values have to match.
type set int

const (
	single set = iota
	forAll
	forAny
)

// operators are the operators by their names without prefix and suffix.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func operators() map[string]operator {
	all := map[string]operator{
		"Bool": {matches: strings.EqualFold, boolean: true},
		"Null": {matches: strings.EqualFold, boolean: true, null: true},
	}
	for name, matches := range map[string]func(wanted, value string) bool{
		"Arn%sEquals":              arnLike,
		"Arn%sLike":                arnLike,
		"String%sEquals":           func(wanted, value string) bool { return wanted == value },
		"String%sEqualsIgnoreCase": strings.EqualFold,
		"String%sLike":             like,
	} {
		all[fmt.Sprintf(name, "")] = operator{matches: matches}
		all[fmt.Sprintf(name, "Not")] = operator{matches: matches, negated: true}
	}
	return all
}

// ConditionOperators lists the supported operators of conditions. All but Null
// also have the prefixes ForAllValues: and ForAnyValue: and the suffix IfExists.
func ConditionOperators() []string { return slices.Sorted(maps.Keys(operators())) }

// parseOperator parses the name of an operator, whose case does not matter.
func parseOperator(name string) (operator, error) {
	lower := strings.ToLower(name)
	colon := strings.LastIndex(lower, ":") + 1
	of, isSet := map[string]set{"": single, "forallvalues:": forAll, "foranyvalue:": forAny}[lower[:colon]]
	rest, ifExists := strings.CutSuffix(lower[colon:], "ifexists")
	for known, parsed := range operators() {
		if isSet && strings.EqualFold(known, rest) && (!parsed.null || of == single && !ifExists) {
			parsed.set, parsed.ifExists = of, ifExists
			return parsed, nil
		}
	}
	return operator{}, unsupported.Errorf("the condition operator %s is not supported", name)
}

// check returns an error if the operator is wrong for the key or for a value of
// the policy.
//
// "Multivalued context keys require a condition set operator. Do not use condition
// set operators with single-valued context keys." The first is an error of IAM
// Access Analyzer (Missing qualifier), and for several values the condition does
// not hold; of the second, it warns of ForAllValues, which holds without the key.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
func (o operator) check(key string, values []string) error {
	switch several := isMultivalued(key); {
	case !o.null && several && o.set == single:
		return fmt.Errorf("a request can have several values of %s: the operator needs ForAllValues or ForAnyValue before it", key)
	case !several && o.set != single:
		return fmt.Errorf("%s is not a key of which a request can have several values: the operator must not have ForAllValues or ForAnyValue before it", key)
	case o.boolean && slices.ContainsFunc(values, isNotBoolean), o.null && len(values) != 1:
		return fmt.Errorf("the value must be true or false, not %s", strings.Join(values, ", "))
	}
	return nil
}

func isNotBoolean(value string) bool {
	return !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false")
}

// arnParts is how many parts an ARN has; the last one can have colons too.
const arnParts = 6

// arnLike compares the six parts of two ARNs one by one, so that a * does not
// reach over a colon, except in the last part. ArnEquals does the same. What has
// fewer parts is no ARN, and matches nothing.
func arnLike(wanted, value string) bool {
	patterns, parts := strings.SplitN(wanted, ":", arnParts), strings.SplitN(value, ":", arnParts)
	return len(parts) == arnParts && slices.EqualFunc(patterns, parts, like)
}
