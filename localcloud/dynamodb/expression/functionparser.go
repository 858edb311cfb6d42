package expression

import (
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// function reads a function that is a condition by itself.
func (p *parser) function() (predicate, error) {
	name, arguments, err := call(p, asCondition, p.operand)
	if err != nil {
		return nil, err
	}
	if err := p.distinct(name, arguments[0], arguments[1:]...); err != nil {
		return nil, err
	}
	switch name {
	case "attribute_type":
		err = p.checkKind(arguments)
	case "begins_with":
		err = p.checkPrefix(arguments)
	case "attribute_exists", "attribute_not_exists":
		_, err = p.pathOf(name, arguments[0])
	}
	return test{name, arguments}, err
}

// call reads a function's name and its operands.
func call[T any](p *parser, wanted use, read func() (T, error)) (name string, arguments []T, err error) {
	name, called, err := p.signature(wanted)
	if err != nil {
		return "", nil, err
	}
	if err := p.operator(); err != nil {
		return "", nil, err
	}
	p.next += 2
	if arguments, err = list(p, read); err != nil {
		return "", nil, err
	}
	if len(arguments) != called.operands {
		return "", nil, p.operandCountError(name, len(arguments))
	}
	return name, arguments, nil
}

// list reads operands up to the closing parenthesis; there is at least one.
func list[T any](p *parser, read func() (T, error)) ([]T, error) {
	var all []T
	for {
		next, err := read()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
		if !p.accept(",") {
			return all, p.expect(")")
		}
	}
}

// pathOf returns an argument that must be a path.
func (p *parser) pathOf(function string, argument any) (Path, error) {
	path, ok := argument.(Path)
	if !ok {
		return nil, p.fail("Operator or function requires a document path; operator or function: %s", function)
	}
	return path, nil
}

// checkKind checks the arguments of attribute_type.
func (p *parser) checkKind(arguments []operand) error {
	const name = "attribute_type"
	if _, err := p.pathOf(name, arguments[0]); err != nil {
		return err
	}
	wanted, ok := arguments[1].(constant)
	if !ok {
		return p.operandTypeError("operator or function", name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	}
	if wanted.content.Kind() != attribute.KindString {
		return p.operandTypeError("operator or function", name, wanted.content.Kind())
	}
	kinds := []string{"B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"}
	if !slices.Contains(kinds, wanted.content.Text()) {
		return p.fail("Invalid attribute type name found; type: %s, valid types: {%s}", wanted.content.Text(), strings.Join(kinds, ","))
	}
	return nil
}

// checkPrefix checks the arguments of begins_with.
func (p *parser) checkPrefix(arguments []operand) error {
	for _, argument := range arguments {
		c, ok := argument.(constant)
		if ok && c.content.Kind() != attribute.KindString && c.content.Kind() != attribute.KindBinary {
			return p.operandTypeError("operator or function", "begins_with", c.content.Kind())
		}
		if _, ok := argument.(sizeOf); ok {
			return p.operandTypeError("operator or function", "begins_with", attribute.KindNumber)
		}
	}
	return nil
}

// size reads the only function that is an operand.
func (p *parser) size() (operand, error) {
	name, arguments, err := call(p, asOperand, p.operand)
	if err != nil {
		return nil, err
	}
	measured, err := p.pathOf(name, arguments[0])
	return sizeOf{measured}, err
}
