// Package expression parses and evaluates DynamoDB's expressions: conditions and
// filters, key conditions, projections and updates.
//
// An expression is cut into tokens (lexer.go) and parsed by recursive descent into
// a tree of paths, constants and what is done with them (parser.go and the other
// parsers). ParseCondition, ParseKeyCondition, ParseProjection and ParseUpdate
// return what is then evaluated on items. Errors have the texts that DynamoDB
// returns to its clients.
package expression

import (
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// The limits of one expression.
const (
	maximumExpression = 4 << 10
	maximumOperators  = 300
)

// parser reads one expression by recursive descent. Variables are resolved
// while reading, so what it builds has only paths and constants.
type parser struct {
	parameter string // the request member, which every error names
	text      string
	tokens    []token
	next      int
	operators int
	variables *Variables
	paths     []Path // every path read, for the rules about keys and indexes
}

func newParser(parameter, source string, variables *Variables) (*parser, error) {
	p := &parser{parameter: parameter, text: source, variables: variables}
	if strings.Trim(source, whitespace) == "" {
		return nil, p.fail("The expression can not be empty;")
	}
	if len(source) > maximumExpression {
		return nil, p.fail("Expression size has exceeded the maximum allowed size; expression size: %d", len(source))
	}
	p.tokens = tokens(source)
	return p, nil
}

func (p *parser) fail(format string, args ...any) error {
	return wire.ValidationError("Invalid "+p.parameter+": "+format, args...)
}

func (p *parser) peek() token { return p.tokens[p.next] }

// unexpected is the syntax error at the next token. What it quotes as near
// reaches from the token before to the token after.
func (p *parser) unexpected() error {
	first, last := max(p.next-1, 0), min(p.next+1, len(p.tokens)-1)
	near := p.text[p.tokens[first].start:p.tokens[last].end]
	return p.fail(`Syntax error; token: "%s", near: "%s"`, p.peek().text, near)
}

// accept takes the next token if it is this symbol or, in any case, this
// keyword.
func (p *parser) accept(text string) bool {
	if !p.isNext(text) {
		return false
	}
	p.next++
	return true
}

func (p *parser) isNext(text string) bool {
	next := p.peek()
	return (next.kind == tokenWord || next.kind == tokenSymbol) && strings.EqualFold(next.text, text)
}

func (p *parser) expect(text string) error {
	if !p.accept(text) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) end() error {
	if p.peek().kind != tokenEnd {
		return p.unexpected()
	}
	return nil
}

// operator counts an operator or a function.
func (p *parser) operator() error {
	p.operators++
	if p.operators > maximumOperators {
		return p.fail("The expression contains too many operators; operator count: %d", p.operators)
	}
	return nil
}

// isCall reports whether a function's name and its parenthesis come next.
func (p *parser) isCall() bool {
	return p.peek().kind == tokenWord && p.tokens[p.next+1].text == "("
}

// path reads a document path.
func (p *parser) path() (Path, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	read := Path{first}
	for {
		var s segment
		switch {
		case p.accept("."):
			s, err = p.name()
		case p.accept("["):
			s, err = p.index()
		default:
			p.paths = append(p.paths, read)
			return read, nil
		}
		if err != nil {
			return nil, err
		}
		read = append(read, s)
	}
}

func (p *parser) name() (segment, error) {
	next := p.peek()
	switch next.kind {
	case tokenWord:
		if isKeyword(next.text) {
			return segment{}, p.unexpected()
		}
		if isReserved(next.text) {
			return segment{}, p.fail("Attribute name is a reserved keyword; reserved keyword: %s", next.text)
		}
		p.next++
		return segment{name: next.text}, nil
	case tokenPlaceholder:
		name, defined := p.variables.names[next.text]
		if !defined {
			return segment{}, p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", next.text)
		}
		p.variables.usedNames[next.text] = true
		p.next++
		return segment{name: name}, nil
	default:
		return segment{}, p.unexpected()
	}
}

func isKeyword(word string) bool {
	return slices.Contains([]string{"AND", "OR", "NOT", "BETWEEN", "IN"}, strings.ToUpper(word))
}

func (p *parser) index() (segment, error) {
	next := p.peek()
	if next.kind != tokenDigits {
		return segment{}, p.unexpected()
	}
	index, err := strconv.ParseInt(next.text, 10, 32)
	if err != nil {
		return segment{}, p.fail("List index is not within the allowable range; index: [%s]", next.text)
	}
	p.next++
	return segment{index: int(index), isIndex: true}, p.expect("]")
}

// constant reads a :value.
func (p *parser) constant() (constant, error) {
	name := p.peek().text
	value, defined := p.variables.values[name]
	if !defined {
		return constant{}, p.fail("An expression attribute value used in expression is not defined; attribute value: %s", name)
	}
	p.variables.usedValues[name] = true
	p.next++
	return constant{value}, nil
}

// operandTypeError is the error about a constant of a type that an operator
// or a function cannot take.
func (p *parser) operandTypeError(what, name string, kind attribute.Kind) error {
	return p.fail("Incorrect operand type for operator or function; %s: %s, operand type: %s", what, name, kind)
}

func (p *parser) operandCountError(function string, count int) error {
	return p.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", function, count)
}
