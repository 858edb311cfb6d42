package expression

import (
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// function reads a function that is a condition by itself.
func (p *parser) function() (predicate, error) {
	name, called, err := p.signature(asCondition)
	if err != nil {
		return nil, err
	}
	arguments, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(arguments) != called.operands {
		return nil, p.operandCountError(name, len(arguments))
	}
	if called.operands == 1 {
		return p.existence(name, arguments[0])
	}
	if err := p.distinct(name, arguments[0], arguments[1]); err != nil {
		return nil, err
	}
	switch name {
	case "attribute_type":
		return p.kindTest(arguments[0], arguments[1])
	case "begins_with":
		return p.prefixTest(arguments[0], arguments[1])
	default:
		return containment{whole: arguments[0], part: arguments[1]}, nil
	}
}

// arguments reads a function's name and its operands.
func (p *parser) arguments() ([]operand, error) {
	if err := p.operator(); err != nil {
		return nil, err
	}
	p.next += 2
	return p.operands()
}

func (p *parser) existence(name string, argument operand) (predicate, error) {
	tested, ok := argument.(Path)
	if !ok {
		return nil, p.pathRequired(name)
	}
	return existence{path: tested, wanted: name == "attribute_exists"}, nil
}

func (p *parser) kindTest(tested, kind operand) (predicate, error) {
	const name = "attribute_type"
	of, ok := tested.(Path)
	if !ok {
		return nil, p.pathRequired(name)
	}
	wanted, ok := kind.(constant)
	if !ok {
		return nil, p.operandTypeError("operator or function", name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	}
	if wanted.content.Kind() != attribute.KindString {
		return nil, p.operandTypeError("operator or function", name, wanted.content.Kind())
	}
	kinds := []attribute.Kind{
		attribute.KindBinary, attribute.KindNull, attribute.KindStringSet, attribute.KindBool, attribute.KindList, attribute.KindBinarySet, attribute.KindNumber, attribute.KindNumberSet, attribute.KindString, attribute.KindMap,
	}
	if !slices.Contains(kinds, attribute.Kind(wanted.content.Text())) {
		return nil, p.fail("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", wanted.content.Text())
	}
	return kindTest{path: of, kind: attribute.Kind(wanted.content.Text())}, nil
}

func (p *parser) prefixTest(tested, prefix operand) (predicate, error) {
	for _, argument := range []operand{tested, prefix} {
		c, ok := argument.(constant)
		if ok && c.content.Kind() != attribute.KindString && c.content.Kind() != attribute.KindBinary {
			return nil, p.operandTypeError("operator or function", "begins_with", c.content.Kind())
		}
		if _, ok := argument.(sizeOf); ok {
			return nil, p.operandTypeError("operator or function", "begins_with", attribute.KindNumber)
		}
	}
	return prefixTest{operand: tested, prefix: prefix}, nil
}

// size reads the only function that is an operand.
func (p *parser) size() (operand, error) {
	name, called, err := p.signature(asOperand)
	if err != nil {
		return nil, err
	}
	arguments, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(arguments) != called.operands {
		return nil, p.operandCountError(name, len(arguments))
	}
	measured, ok := arguments[0].(Path)
	if !ok {
		return nil, p.pathRequired(name)
	}
	return sizeOf{measured}, nil
}
