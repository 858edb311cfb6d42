package expression

import "slices"

// ParseCondition parses the condition that is the given parameter of a request,
// such as its FilterExpression. It returns nil if the parameter is absent.
func ParseCondition(parameter string, text *string, variables *Variables) (*Condition, error) {
	if text == nil {
		return nil, nil
	}
	p := newParser(parameter, *text, variables)
	read := p.or()
	p.end()
	return &Condition{predicate: read, paths: p.paths}, p.err
}

// or reads conditions joined by OR, which binds weakest.
func (p *parser) or() predicate {
	left := p.and()
	for p.accept("OR") {
		p.operator()
		left = or{left, p.and()}
	}
	return left
}

// and reads conditions joined by AND.
func (p *parser) and() predicate {
	left := p.not()
	for p.accept("AND") {
		p.operator()
		left = and{left, p.not()}
	}
	return left
}

func (p *parser) not() predicate {
	if !p.accept("NOT") {
		return p.primary()
	}
	p.operator()
	return not{p.not()}
}

// primary reads a condition in parentheses, a function or a comparison.
func (p *parser) primary() predicate {
	switch {
	case p.isNext("("):
		return p.parenthesised()
	case p.isCall() && p.peek().text != "size" && !isKeyword(p.peek().text):
		return p.function()
	}
	return p.comparison()
}

func (p *parser) parenthesised() predicate {
	opening := p.next
	p.next++
	inner := p.or()
	closing := p.next
	p.expect(")")
	if p.err == nil && p.tokens[opening+1].text == "(" && p.closes(opening+1, closing-1) {
		p.fail("The expression has redundant parentheses;")
	}
	return inner
}

// closes reports whether the parenthesis opened at one token is closed by another.
func (p *parser) closes(opening, closing int) bool {
	depth := 0
	for i := opening; i <= closing; i++ {
		switch p.tokens[i].text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			return i == closing
		}
	}
	return false
}

// comparison reads operand = operand, operand BETWEEN … AND … or operand IN (…).
func (p *parser) comparison() predicate {
	isSize := p.isCall()
	left := p.operand()
	for _, operator := range []string{"=", "<>", "<=", "<", ">=", ">"} {
		if p.accept(operator) {
			return p.parseComparison(operator, left)
		}
	}
	switch {
	case p.accept("BETWEEN"):
		return p.between(left)
	case p.accept("IN"):
		return p.membership(left)
	case isSize && (p.peek().kind == tokenEnd || p.isNext(")") || p.isNext("AND") || p.isNext("OR")):
		p.fail("The function is not allowed to be used this way in an expression; function: size")
	default:
		p.unexpected()
	}
	return nil
}

func (p *parser) parseComparison(operator string, left operand) predicate {
	p.operator()
	right := p.operand()
	p.distinct(operator, left, right)
	if operator != "=" && operator != "<>" {
		p.orderable(operator, left, right)
	}
	return test{operator, []operand{left, right}}
}

// orderable refuses constants that have no order.
func (p *parser) orderable(operator string, operands ...operand) {
	for _, o := range operands {
		if c, ok := o.(constant); ok && !c.content.Kind().IsOrdered() {
			p.operandTypeError("operator", operator, c.content.Kind())
		}
	}
}

// distinct refuses to compare a path with itself.
func (p *parser) distinct(operator string, first operand, others ...operand) {
	one, ok := first.(Path)
	if !ok {
		return
	}
	for _, o := range others {
		if other, ok := o.(Path); ok && slices.Equal(one, other) {
			p.fail("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, one)
		}
	}
}

func (p *parser) between(left operand) predicate {
	p.operator()
	lower := p.operand()
	p.expect("AND")
	upper := p.operand()
	p.orderable("BETWEEN", left, lower, upper)
	p.bounds(lower, upper)
	return test{"BETWEEN", []operand{left, lower, upper}}
}

// bounds refuses constant bounds between which nothing can be.
func (p *parser) bounds(lower, upper operand) {
	low, isLow := lower.(constant)
	high, isHigh := upper.(constant)
	if !isLow || !isHigh {
		return
	}
	const operands = "lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s"
	switch {
	case low.content.Kind() != high.content.Kind():
		p.fail("The BETWEEN operator requires same data type for lower and upper bounds; "+operands, low.content.Quote(), high.content.Quote())
	case low.content.Compare(high.content) > 0:
		p.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "+operands, low.content.Quote(), high.content.Quote())
	}
}

// maximumCandidates is how many operands IN may have.
const maximumCandidates = 100

func (p *parser) membership(left operand) predicate {
	p.operator()
	p.expect("(")
	candidates := list(p, p.operand)
	if len(candidates) > maximumCandidates {
		p.operandCountError("IN", len(candidates)+1)
	}
	p.distinct("IN", left, candidates...)
	return test{"IN", append([]operand{left}, candidates...)}
}

// operand reads a path, a constant or size(path).
func (p *parser) operand() operand {
	switch {
	case p.peek().kind == tokenConstant:
		return p.constant()
	case p.isCall() && !isKeyword(p.peek().text):
		return p.size()
	}
	return p.path()
}
