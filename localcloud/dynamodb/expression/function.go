package expression

import (
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
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

// call reads a function's name and its operands, unless the function is for another use.
// Without an error there are as many operands as it has.
func call[T any](p *parser, wanted use, read func() T) (name string, arguments []T) {
	name = p.peek().text
	called, known := signatures()[name]
	switch {
	case !known:
		p.fail("Invalid function name; function: %s", name)
	case called.use == wanted:
	case wanted == asSource:
		p.fail("The function is not allowed in an update expression; function: %s", name)
	case called.use == asSource:
		p.fail("The function is not allowed in a condition expression; function: %s", name)
	default:
		p.fail("The function is not allowed to be used this way in an expression; function: %s", name)
	}
	p.operator()
	p.next += 2
	if arguments = list(p, read); len(arguments) != called.operands {
		p.operandCountError(name, len(arguments))
	}
	return name, arguments
}

// list reads operands up to the closing parenthesis; there is at least one.
func list[T any](p *parser, read func() T) []T {
	all := []T{read()}
	for p.accept(",") {
		all = append(all, read())
	}
	p.expect(")")
	return all
}

// function reads a function that is a condition by itself.
func (p *parser) function() predicate {
	name, arguments := call(p, asCondition, p.operand)
	if p.err != nil {
		return nil
	}
	p.distinct(name, arguments[0], arguments[1:]...)
	switch name {
	case "attribute_type":
		p.checkKind(arguments)
	case "begins_with":
		p.checkPrefix(arguments)
	case "attribute_exists", "attribute_not_exists":
		p.pathOf(name, arguments[0])
	}
	return test{name, arguments}
}

// pathOf returns an argument that must be a path.
func (p *parser) pathOf(function string, argument any) Path {
	path, ok := argument.(Path)
	if !ok {
		p.fail("Operator or function requires a document path; operator or function: %s", function)
	}
	return path
}

// checkKind checks the arguments of attribute_type.
func (p *parser) checkKind(arguments []operand) {
	const name = "attribute_type"
	p.pathOf(name, arguments[0])
	wanted, ok := arguments[1].(constant)
	kinds := []string{"B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"}
	switch {
	case !ok:
		p.operandTypeError("operator or function", name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	case wanted.content.Kind() != attribute.KindString:
		p.operandTypeError("operator or function", name, wanted.content.Kind())
	case !slices.Contains(kinds, wanted.content.Text()):
		p.fail("Invalid attribute type name found; type: %s, valid types: {%s}", wanted.content.Text(), strings.Join(kinds, ","))
	}
}

// checkPrefix checks the arguments of begins_with.
func (p *parser) checkPrefix(arguments []operand) {
	for _, argument := range arguments {
		kind := attribute.KindString
		switch argument := argument.(type) {
		case constant:
			kind = argument.content.Kind()
		case sizeOf:
			kind = attribute.KindNumber
		}
		if kind != attribute.KindString && kind != attribute.KindBinary {
			p.operandTypeError("operator or function", "begins_with", kind)
		}
	}
}

// size reads the only function that is an operand.
func (p *parser) size() operand {
	name, arguments := call(p, asOperand, p.operand)
	if p.err != nil {
		return nil
	}
	return sizeOf{p.pathOf(name, arguments[0])}
}
