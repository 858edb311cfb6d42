package expression

import (
	"cmp"
	"slices"
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
	p := newParser("UpdateExpression", *text, variables)
	seen := make(map[string]bool)
	for p.peek().kind != tokenEnd {
		clause := strings.ToUpper(p.peek().text)
		if seen[clause] {
			p.fail(`The "%s" section can only be used once in an update expression;`, clause)
		}
		seen[clause] = true
		p.clause(clause, read)
	}
	return read, p.err
}

// clause reads SET, REMOVE, ADD or DELETE and its actions.
func (p *parser) clause(name string, into *Update) {
	if !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, name) {
		p.unexpected()
		return
	}
	p.next++
	for {
		at := p.path()
		add(p, &into.tree, at, p.action(name))
		into.paths = append(into.paths, at)
		if !p.accept(",") {
			return
		}
	}
}

// action reads what a clause does at a path.
func (p *parser) action(clause string) action {
	switch clause {
	case "SET":
		p.expect("=")
		return setTo(p.sum())
	case "REMOVE":
		return removed
	}
	operand := p.constant().content
	switch {
	case clause == "ADD" && (operand.Kind() == attribute.KindNumber || operand.Kind().IsSet()):
		return adding(operand)
	case clause == "DELETE" && operand.Kind().IsSet():
		return deleting(operand)
	}
	p.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s", clause, longName(operand.Kind()))
	return nil
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
func (p *parser) sum() source {
	left := p.source()
	operator := p.peek().text
	if operator != "+" && operator != "-" {
		return left
	}
	p.next++
	p.operator()
	right := p.source()
	p.constantsAre(attribute.KindNumber, operator, left, right)
	return calculation{operator, left, right}
}

// constantsAre refuses constants of another type than an operator takes.
func (p *parser) constantsAre(kind attribute.Kind, operator string, operands ...source) {
	for _, operand := range operands {
		if c, ok := operand.(constant); ok && c.content.Kind() != kind {
			p.operandTypeError("operator or function", operator, c.content.Kind())
		}
	}
}

// source reads a path, a constant or a function.
func (p *parser) source() source {
	switch {
	case p.peek().kind == tokenConstant:
		return p.constant()
	case p.isCall():
		return p.sourceFunction()
	}
	return p.path()
}

func (p *parser) sourceFunction() source {
	name, arguments := call(p, asSource, p.source)
	if p.err != nil {
		return nil
	}
	if name == "list_append" {
		p.constantsAre(attribute.KindList, name, arguments...)
		return calculation{name, arguments[0], arguments[1]}
	}
	return ifNotExists{path: p.pathOf(name, arguments[0]), fallback: arguments[1]}
}
