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
	_ "embed"
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
//
// The first error stays, and the expression ends there: what is built after it has no
// meaning.
type parser struct {
	parameter string // the request member, which every error names
	text      string
	tokens    []token
	next      int
	operators int
	variables *Variables
	paths     []Path // every path read, for the rules about keys and indexes
	err       error
}

func newParser(parameter, source string, variables *Variables) *parser {
	p := &parser{parameter: parameter, text: source, variables: variables, tokens: tokens(source)}
	switch {
	case len(p.tokens) == 1:
		p.fail("The expression can not be empty;")
	case len(source) > maximumExpression:
		p.fail("Expression size has exceeded the maximum allowed size; expression size: %d", len(source))
	}
	return p
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = wire.ValidationError("Invalid "+p.parameter+": "+format, args...)
	}
}

func (p *parser) peek() token {
	if p.err != nil {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.next]
}

// unexpected is the syntax error at the next token. What it quotes as near
// reaches from the token before to the token after.
func (p *parser) unexpected() {
	if p.err != nil {
		return
	}
	first, last := max(p.next-1, 0), min(p.next+1, len(p.tokens)-1)
	near := p.text[p.tokens[first].start:p.tokens[last].end]
	p.fail(`Syntax error; token: "%s", near: "%s"`, p.peek().text, near)
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

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected()
	}
}

func (p *parser) end() {
	if p.peek().kind != tokenEnd {
		p.unexpected()
	}
}

// operator counts an operator or a function.
func (p *parser) operator() {
	p.operators++
	if p.operators > maximumOperators {
		p.fail("The expression contains too many operators; operator count: %d", p.operators)
	}
}

// isCall reports whether a function's name and its parenthesis come next.
func (p *parser) isCall() bool {
	return p.peek().kind == tokenWord && p.tokens[p.next+1].text == "("
}

// path reads a document path.
func (p *parser) path() Path {
	read := Path{p.name()}
	for {
		switch {
		case p.accept("."):
			read = append(read, p.name())
		case p.accept("["):
			read = append(read, p.index())
		default:
			p.paths = append(p.paths, read)
			return read
		}
	}
}

func (p *parser) name() segment {
	next := p.peek()
	name := next.text
	switch {
	case next.kind == tokenWord && !isKeyword(name):
		if isReserved(name) {
			p.fail("Attribute name is a reserved keyword; reserved keyword: %s", name)
		}
	case next.kind == tokenPlaceholder:
		var defined bool
		if name, defined = p.variables.names[next.text]; !defined {
			p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", next.text)
		}
		p.variables.usedNames[next.text] = true
	default:
		p.unexpected()
	}
	p.next++
	return segment{name: name}
}

func isKeyword(word string) bool {
	return slices.Contains([]string{"AND", "OR", "NOT", "BETWEEN", "IN"}, strings.ToUpper(word))
}

// reservedText is DynamoDB's list of reserved words, one on a line, in capitals.
//
//go:embed reserved.txt
var reservedText string

// isReserved reports whether a word may be an attribute's name only through a
// placeholder.
func isReserved(word string) bool {
	return strings.Contains(reservedText, "\n"+strings.ToUpper(word)+"\n")
}

func (p *parser) index() segment {
	next := p.peek()
	if next.kind != tokenDigits {
		p.unexpected()
	}
	index, err := strconv.ParseInt(next.text, 10, 32)
	if err != nil {
		p.fail("List index is not within the allowable range; index: [%s]", next.text)
	}
	p.next++
	p.expect("]")
	return segment{index: int(index), isIndex: true}
}

// constant reads a :value.
func (p *parser) constant() constant {
	next := p.peek()
	if next.kind != tokenConstant {
		p.unexpected()
	}
	value, defined := p.variables.values[next.text]
	if !defined {
		p.fail("An expression attribute value used in expression is not defined; attribute value: %s", next.text)
	}
	p.variables.usedValues[next.text] = true
	p.next++
	return constant{value}
}

// operandTypeError is the error about a constant of a type that an operator
// or a function cannot take.
func (p *parser) operandTypeError(what, name string, kind attribute.Kind) {
	p.fail("Incorrect operand type for operator or function; %s: %s, operand type: %s", what, name, kind)
}

func (p *parser) operandCountError(function string, count int) {
	p.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", function, count)
}
