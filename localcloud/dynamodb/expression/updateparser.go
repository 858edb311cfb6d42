package expression

import (
	"cmp"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// ParseUpdate parses an UpdateExpression. If the request has none, the update
// changes nothing.
func ParseUpdate(text *string, variables *Variables) (*Update, error) {
	read := new(Update)
	if text == nil {
		return read, nil
	}
	p, err := newParser("UpdateExpression", *text, variables)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for p.peek().kind != tokenEnd {
		clause := strings.ToUpper(p.peek().text)
		if seen[clause] {
			return nil, p.fail(`The "%s" section can only be used once in an update expression;`, clause)
		}
		seen[clause] = true
		if err := p.clause(clause, read); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// clause reads SET, REMOVE, ADD or DELETE and its actions.
func (p *parser) clause(name string, into *Update) error {
	var read func() (Path, action, error)
	switch name {
	case "SET":
		read = p.set
	case "REMOVE":
		read = p.remove
	case "ADD", "DELETE":
		read = func() (Path, action, error) { return p.addOrDelete(name) }
	default:
		return p.unexpected()
	}
	p.next++
	for {
		at, what, err := read()
		if err != nil {
			return err
		}
		if err := add(p, &into.tree, at, what); err != nil {
			return err
		}
		into.paths = append(into.paths, at)
		if !p.accept(",") {
			return nil
		}
	}
}

func (p *parser) set() (Path, action, error) {
	at, err := p.path()
	if err != nil {
		return nil, nil, err
	}
	if err := p.expect("="); err != nil {
		return nil, nil, err
	}
	from, err := p.sum()
	return at, setTo(from), err
}

func (p *parser) remove() (Path, action, error) {
	at, err := p.path()
	return at, removed, err
}

func (p *parser) addOrDelete(clause string) (Path, action, error) {
	at, err := p.path()
	if err != nil {
		return nil, nil, err
	}
	if p.peek().kind != tokenConstant {
		return nil, nil, p.unexpected()
	}
	operand, err := p.constant()
	if err != nil {
		return nil, nil, err
	}
	kind := operand.content.Kind()
	switch {
	case clause == "ADD" && (kind == attribute.KindNumber || kind.IsSet()):
		return at, adding(operand.content), nil
	case clause == "DELETE" && kind.IsSet():
		return at, deleting(operand.content), nil
	}
	return nil, nil, p.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s", clause, longName(kind))
}

// longName returns the name of a type in errors about ADD and DELETE.
func longName(kind attribute.Kind) string {
	names := map[attribute.Kind]string{
		attribute.KindString: "STRING", attribute.KindNumber: "NUMBER", attribute.KindBinary: "BINARY",
		attribute.KindBool: "BOOLEAN", attribute.KindList: "LIST", attribute.KindMap: "MAP",
	}
	return cmp.Or(names[kind], string(kind))
}

// sum reads a value, or the sum or difference of two: no more than two.
func (p *parser) sum() (source, error) {
	left, err := p.source()
	if err != nil {
		return nil, err
	}
	operator := p.peek().text
	if operator != "+" && operator != "-" {
		return left, nil
	}
	p.next++
	if err := p.operator(); err != nil {
		return nil, err
	}
	right, err := p.source()
	if err != nil {
		return nil, err
	}
	return calculation{operator, left, right}, p.constantsAre(attribute.KindNumber, operator, left, right)
}

// constantsAre refuses constants of another type than an operator takes.
func (p *parser) constantsAre(kind attribute.Kind, operator string, operands ...source) error {
	for _, operand := range operands {
		if c, ok := operand.(constant); ok && c.content.Kind() != kind {
			return p.operandTypeError("operator or function", operator, c.content.Kind())
		}
	}
	return nil
}

// source reads a path, a constant or a function.
func (p *parser) source() (source, error) {
	switch {
	case p.peek().kind == tokenConstant:
		return p.constant()
	case p.isCall():
		return p.sourceFunction()
	}
	return p.path()
}

func (p *parser) sourceFunction() (source, error) {
	name, arguments, err := call(p, asSource, p.source)
	if err != nil {
		return nil, err
	}
	if name == "list_append" {
		return calculation{name, arguments[0], arguments[1]}, p.constantsAre(attribute.KindList, name, arguments...)
	}
	tested, err := p.pathOf(name, arguments[0])
	return ifNotExists{path: tested, fallback: arguments[1]}, err
}
