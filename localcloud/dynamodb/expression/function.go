package expression

import (
	"maps"
	"slices"
)

// A use is what a function stands for.
type use int

const (
	asCondition use = iota
	asOperand       // of a condition
	asSource        // of an update
)

// signature is what a function stands for and how many operands it has.
type signature struct {
	use      use
	operands int
}

func signatures() map[string]signature {
	return map[string]signature{
		"attribute_exists":     {asCondition, 1},
		"attribute_not_exists": {asCondition, 1},
		"attribute_type":       {asCondition, 2},
		"begins_with":          {asCondition, 2},
		"contains":             {asCondition, 2},
		"if_not_exists":        {asSource, 2},
		"list_append":          {asSource, 2},
		"size":                 {asOperand, 1},
	}
}

// ConditionFunctions lists the functions of conditions.
func ConditionFunctions() []string {
	return functions(func(s signature) bool { return s.use != asSource })
}

// UpdateFunctions lists the functions of updates.
func UpdateFunctions() []string {
	return functions(func(s signature) bool { return s.use == asSource })
}

func functions(have func(signature) bool) []string {
	all := signatures()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return !have(all[name]) })
}

// signature returns that of the function that is called next, unless its use is
// another.
func (p *parser) signature(wanted use) (name string, found signature, err error) {
	name = p.peek().text
	found, known := signatures()[name]
	switch {
	case !known:
		err = p.fail("Invalid function name; function: %s", name)
	case found.use == wanted:
	case wanted == asSource:
		err = p.fail("The function is not allowed in an update expression; function: %s", name)
	case found.use == asSource:
		err = p.fail("The function is not allowed in a condition expression; function: %s", name)
	default:
		err = p.fail("The function is not allowed to be used this way in an expression; function: %s", name)
	}
	return name, found, err
}
