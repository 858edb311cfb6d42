package pattern

import (
	"maps"
	"slices"
)

const orKey = "$or"

// A branch is one alternative under construction: conditions by full field name.
type branch map[string]condition

// A place is where in a pattern an object is: the full name of its field, and
// whether a $or is around it.
type place struct {
	path     string
	insideOr bool
}

// compile adds an object's fields to every branch and multiplies the branches
// for every $or.
func compile(object map[string]any, at place, branches []branch) ([]branch, error) {
	if len(object) == 0 {
		return nil, refuse("Empty objects are not allowed")
	}
	var err error
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if branches, err = compileField(name, object[name], at, branches); err != nil {
			return nil, err
		}
	}
	return branches, nil
}

func compileField(name string, value any, at place, branches []branch) ([]branch, error) {
	if name == orKey {
		return alternatives(value, at.path, branches)
	}
	if at.insideOr && isReserved(name) {
		return nil, refuse("%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	}
	path := join(at.path, name)
	switch value := value.(type) {
	case map[string]any:
		return compile(value, place{path, at.insideOr}, branches)
	case []any:
		return branches, leafInto(branches, path, value)
	default:
		return nil, refuse("%q must be an object or an array", name)
	}
}

// isReserved reports whether a field's name is one of those that AWS keeps for
// operators, present and future, and does not take in a $or.
// https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/Constants.java
func isReserved(name string) bool {
	return slices.Contains([]string{
		"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
		"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
		"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
		"ip-address-in-range", "ip-address-not-in-range",
	}, name)
}

func alternatives(value any, path string, branches []branch) ([]branch, error) {
	array, isArray := value.([]any)
	if !isArray {
		return nil, refuse("It must be an Array followed with $or.")
	}
	if len(array) < 2 {
		return nil, refuse("There must have at least 2 Objects in $or relationship.")
	}
	var all []branch
	for _, member := range array {
		object, isObject := member.(map[string]any)
		if !isObject {
			return nil, refuse("Only JSON object is allowed in array of $or relationship.")
		}
		copies := make([]branch, len(branches))
		for i, original := range branches {
			copies[i] = maps.Clone(original)
		}
		compiled, err := compile(object, place{path, true}, copies)
		if err != nil {
			return nil, err
		}
		all = append(all, compiled...)
		if len(all) > maximumAlternatives {
			return nil, refuse("$or fields expand to more than %d combinations", maximumAlternatives)
		}
	}
	return all, nil
}

// leafInto adds a leaf's condition to every branch. A field that a branch has
// already is refused in the words of EventBridge's engine. The engine can also be
// configured to drop one of the two conditions, which no pattern means.
// https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/JsonRuleCompiler.java
func leafInto(branches []branch, name string, members []any) error {
	if len(members) == 0 {
		return refuse("Empty arrays are not allowed")
	}
	var compiled condition
	for _, member := range members {
		if err := compiled.add(member); err != nil {
			return err
		}
	}
	for _, branch := range branches {
		if _, twice := branch[name]; twice {
			return refuse("Path `%s` cannot be allowed multiple times", name)
		}
		branch[name] = compiled
	}
	return nil
}

// add takes one member of a leaf's array: a literal or an operator.
func (c *condition) add(member any) error {
	switch member := member.(type) {
	case map[string]any:
		operator, argument, err := only(member)
		if err != nil {
			return err
		}
		if operator == existsOperator {
			return c.addExists(argument)
		}
		matches, err := operation(operator, argument)
		if err != nil {
			return err
		}
		c.matchers = append(c.matchers, matches)
	case []any:
		return refuse("Match value must be String, number, true, false, or null")
	case string:
		c.matchers = append(c.matchers, literalText(member))
	default:
		c.matchers = append(c.matchers, literal(member))
	}
	return nil
}

func (c *condition) addExists(argument any) error {
	wanted, isBoolean := argument.(bool)
	switch {
	case !isBoolean:
		return refuse("exists match pattern must be either true or false.")
	case wanted:
		c.matchers = append(c.matchers, func(any) bool { return true })
	default:
		c.absent = true
	}
	return nil
}

// only takes apart an object that must have exactly one key.
func only(object map[string]any) (key string, value any, err error) {
	if len(object) == 0 {
		return "", nil, refuse("Match expression name not found")
	}
	if len(object) > 1 {
		return "", nil, refuse("Only one key allowed in match expression")
	}
	key = slices.Collect(maps.Keys(object))[0]
	return key, object[key], nil
}
