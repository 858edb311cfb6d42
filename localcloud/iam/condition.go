package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// A condition compares one key of the request with the policy's values.
type condition struct {
	key      string
	values   []string
	operator operator
}

// An operator is a comparison with its modifiers.
type operator struct {
	compare compare
	// negated holds if no value matches.
	negated bool
	// ifExists holds if the request does not have the key.
	ifExists bool
	set      set
	// null tests whether the key is absent, instead of comparing.
	null bool
}

type compare func(wanted, value string) bool

// A set is how many of a key's several values have to match.
type set int

const (
	single set = iota
	forAll
	forAny
)

func parseConditions(given map[string]map[string]json.RawMessage) ([]condition, error) {
	var conditions []condition
	for _, name := range slices.Sorted(maps.Keys(given)) {
		parsed, err := parseOperator(name)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(given[name])) {
			values, err := texts(given[name][key])
			if err != nil {
				return nil, fmt.Errorf("condition %s %s: %w", name, key, err)
			}
			if err := parsed.check(values); err != nil {
				return nil, fmt.Errorf("condition %s %s: %w", name, key, err)
			}
			conditions = append(conditions, condition{strings.ToLower(key), values, parsed})
		}
	}
	return conditions, nil
}

const nullOperator = "Null"

func parseOperator(name string) (operator, error) {
	if name == nullOperator {
		return operator{null: true}, nil
	}
	var parsed operator
	rest, ok := strings.CutPrefix(name, "ForAllValues:")
	if ok {
		parsed.set = forAll
	} else if rest, ok = strings.CutPrefix(name, "ForAnyValue:"); ok {
		parsed.set = forAny
	}
	rest, parsed.ifExists = strings.CutSuffix(rest, "IfExists")
	if parsed.compare, ok = comparisons()[rest]; !ok {
		return operator{}, unsupported.Errorf("the condition operator %s is not supported", name)
	}
	parsed.negated = strings.Contains(rest, "Not")
	return parsed, nil
}

// comparisons are the comparisons of the operators other than Null, by their
// names without prefix and suffix.
func comparisons() map[string]compare {
	equal := func(wanted, value string) bool { return wanted == value }
	return map[string]compare{
		"ArnEquals":                 arnLike,
		"ArnLike":                   arnLike,
		"ArnNotEquals":              arnLike,
		"ArnNotLike":                arnLike,
		"Bool":                      strings.EqualFold,
		"StringEquals":              equal,
		"StringEqualsIgnoreCase":    strings.EqualFold,
		"StringLike":                like,
		"StringNotEquals":           equal,
		"StringNotEqualsIgnoreCase": strings.EqualFold,
		"StringNotLike":             like,
	}
}

// ConditionOperators lists the supported operators of conditions. All but Null
// also have the prefixes ForAllValues: and ForAnyValue: and the suffix IfExists.
func ConditionOperators() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(comparisons())), nullOperator)))
}

func (o operator) check(values []string) error {
	if !o.null {
		return nil
	}
	if len(values) != 1 || (values[0] != "true" && values[0] != "false") {
		return fmt.Errorf("the value must be true or false, not %s", strings.Join(values, ", "))
	}
	return nil
}

// arnLike compares the six parts of two ARNs one by one, so that a * does not
// reach over a colon, except in the last part. ArnEquals does the same.
func arnLike(wanted, value string) bool {
	patterns, parts := strings.SplitN(wanted, ":", 6), strings.SplitN(value, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return wanted == value
	}
	for i, pattern := range patterns {
		if !like(pattern, parts[i]) {
			return false
		}
	}
	return true
}

// holds reports whether the condition is met. A key that the request does not
// have meets the negated operators, the ...IfExists ones and ForAllValues.
func (c condition) holds(request map[string][]string) bool {
	values := valuesOf(request, c.key)
	switch {
	case c.operator.null:
		return (len(values) == 0) == (c.values[0] == "true")
	case len(values) == 0:
		return c.operator.ifExists || c.operator.set == forAll || (c.operator.negated && c.operator.set == single)
	case c.operator.set == forAll || (c.operator.negated && c.operator.set == single):
		return !slices.ContainsFunc(values, func(value string) bool { return !c.accepts(value) })
	default:
		return slices.ContainsFunc(values, c.accepts)
	}
}

// accepts reports whether one value of the request satisfies the operator.
func (c condition) accepts(value string) bool {
	found := slices.ContainsFunc(c.values, func(wanted string) bool { return c.operator.compare(wanted, value) })
	return found != c.operator.negated
}

// valuesOf reads a condition key, whose case does not matter.
func valuesOf(request map[string][]string, key string) []string {
	for name, values := range request {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	return nil
}
