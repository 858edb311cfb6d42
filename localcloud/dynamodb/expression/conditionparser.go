package expression

// ParseCondition parses the condition that is the given parameter of a request,
// such as its FilterExpression. It returns nil if the parameter is absent.
func ParseCondition(parameter string, text *string, variables *Variables) (*Condition, error) {
	if text == nil {
		return nil, nil
	}
	p, err := newParser(parameter, *text, variables)
	if err != nil {
		return nil, err
	}
	read, err := p.or()
	if err != nil {
		return nil, err
	}
	return &Condition{predicate: read, paths: p.paths}, p.end()
}

// or reads conditions joined by OR, which binds weakest.
func (p *parser) or() (predicate, error) {
	return p.joined("OR", p.and, func(left, right predicate) predicate { return or{left, right} })
}

// and reads conditions joined by AND.
func (p *parser) and() (predicate, error) {
	return p.joined("AND", p.not, func(left, right predicate) predicate { return and{left, right} })
}

func (p *parser) joined(keyword string, read func() (predicate, error), join func(left, right predicate) predicate) (predicate, error) {
	left, err := read()
	for err == nil && p.accept(keyword) {
		var right predicate
		if err = p.operator(); err != nil {
			break
		}
		right, err = read()
		left = join(left, right)
	}
	return left, err
}

func (p *parser) not() (predicate, error) {
	if !p.accept("NOT") {
		return p.primary()
	}
	if err := p.operator(); err != nil {
		return nil, err
	}
	inner, err := p.not()
	return not{inner}, err
}

// primary reads a condition in parentheses, a function or a comparison.
func (p *parser) primary() (predicate, error) {
	if p.isNext("(") {
		return p.parenthesised()
	}
	if p.isCall() && p.peek().text != "size" && !isKeyword(p.peek().text) {
		return p.function()
	}
	return p.comparison()
}

func (p *parser) parenthesised() (predicate, error) {
	opening := p.next
	p.next++
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	closing := p.next
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if p.tokens[opening+1].text == "(" && p.closes(opening+1, closing-1) {
		return nil, p.fail("The expression has redundant parentheses;")
	}
	return inner, nil
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
func (p *parser) comparison() (predicate, error) {
	isSize := p.isCall()
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
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
		return nil, p.fail("The function is not allowed to be used this way in an expression; function: size")
	}
	return nil, p.unexpected()
}

func (p *parser) parseComparison(operator string, left operand) (predicate, error) {
	if err := p.operator(); err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.distinct(operator, left, right); err != nil {
		return nil, err
	}
	if operator != "=" && operator != "<>" {
		if err := p.orderable(operator, left, right); err != nil {
			return nil, err
		}
	}
	return test{operator, []operand{left, right}}, nil
}

// orderable refuses constants that have no order.
func (p *parser) orderable(operator string, operands ...operand) error {
	for _, o := range operands {
		if c, ok := o.(constant); ok && !c.content.Kind().IsOrdered() {
			return p.operandTypeError("operator", operator, c.content.Kind())
		}
	}
	return nil
}

// distinct refuses to compare a path with itself.
func (p *parser) distinct(operator string, first operand, others ...operand) error {
	one, ok := first.(Path)
	if !ok {
		return nil
	}
	for _, o := range others {
		if other, ok := o.(Path); ok && one.equal(other) {
			return p.fail("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, one)
		}
	}
	return nil
}

func (p *parser) between(left operand) (predicate, error) {
	if err := p.operator(); err != nil {
		return nil, err
	}
	lower, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	upper, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.orderable("BETWEEN", left, lower, upper); err != nil {
		return nil, err
	}
	return test{"BETWEEN", []operand{left, lower, upper}}, p.bounds(lower, upper)
}

// bounds refuses constant bounds between which nothing can be.
func (p *parser) bounds(lower, upper operand) error {
	low, isLow := lower.(constant)
	high, isHigh := upper.(constant)
	if !isLow || !isHigh {
		return nil
	}
	const operands = "lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s"
	switch {
	case low.content.Kind() != high.content.Kind():
		return p.fail("The BETWEEN operator requires same data type for lower and upper bounds; "+operands, low.content.Quote(), high.content.Quote())
	case low.content.Compare(high.content) > 0:
		return p.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "+operands, low.content.Quote(), high.content.Quote())
	}
	return nil
}

// maximumCandidates is how many operands IN may have.
const maximumCandidates = 100

func (p *parser) membership(left operand) (predicate, error) {
	if err := p.operator(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	candidates, err := list(p, p.operand)
	if err != nil {
		return nil, err
	}
	if len(candidates) > maximumCandidates {
		return nil, p.operandCountError("IN", len(candidates)+1)
	}
	return test{"IN", append([]operand{left}, candidates...)}, p.distinct("IN", left, candidates...)
}

// operand reads a path, a constant or size(path).
func (p *parser) operand() (operand, error) {
	switch {
	case p.peek().kind == tokenConstant:
		return p.constant()
	case p.isCall() && !isKeyword(p.peek().text):
		return p.size()
	}
	return p.path()
}
