package pattern

import (
	"maps"
	"slices"
)

const orKey = "$or"

// A branch is one alternative under construction: conditions by full field name.
type branch map[string]condition

// compile adds an object's fields to every branch and multiplies the branches
// for every $or.
func compile(object map[string]any, path string, branches []branch) ([]branch, error) {
	if len(object) == 0 {
		return nil, refuse("Empty objects are not allowed")
	}
	var err error
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch value := object[name].(type) {
		case map[string]any:
			branches, err = compile(value, join(path, name), branches)
		case []any:
			if name == orKey {
				branches, err = alternatives(value, path, branches)
			} else {
				err = leafInto(branches, join(path, name), value)
			}
		default:
			err = refuse("%q must be an object or an array", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return branches, nil
}

func alternatives(array []any, path string, branches []branch) ([]branch, error) {
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
		compiled, err := compile(object, path, copies)
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
		if operator == "exists" {
			return c.addExists(argument)
		}
		matches, err := operation(operator, argument)
		if err != nil {
			return err
		}
		c.matchers = append(c.matchers, matches)
	case []any:
		return refuse("Match value must be String, number, true, false, or null")
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
