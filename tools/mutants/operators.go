package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// The mutation operators: each makes the mutants of one kind of node.

func (m *mutator) isBoolean(e ast.Expr) bool {
	basic, isBasic := m.info.TypeOf(e).(*types.Basic)
	return isBasic && basic.Info()&types.IsBoolean != 0 && m.info.Types[e].Value == nil
}

// force makes a mutant of a condition for each value.
func (m *mutator) force(e ast.Expr, values ...bool) {
	for _, value := range values {
		format := ") && !mutant_.On(%d))"
		if value {
			format = ") || mutant_.On(%d))"
		}
		id := m.add(e.Pos(), "%s → %t", m.text(e), value)
		m.around(e.Pos(), e.End(), "((", fmt.Sprintf(format, id))
	}
}

// binary drops an operand of && and ||, moves the boundary of a comparison, and replaces
// an arithmetic operator.
func (m *mutator) binary(e *ast.BinaryExpr) {
	function := map[token.Token]string{
		token.LSS: "Less", token.LEQ: "LessOrEqual", token.GTR: "Greater", token.GEQ: "GreaterOrEqual",
		token.ADD: "Add", token.SUB: "Subtract", token.MUL: "Multiply", token.QUO: "Divide",
	}[e.Op]
	switch {
	case m.info.Types[e].Value != nil:
	case e.Op == token.LAND:
		m.force(e.X, true)
		m.force(e.Y, true)
	case e.Op == token.LOR:
		m.force(e.X, false)
		m.force(e.Y, false)
	case function != "" && m.isNumeric(e.X) && m.isNumeric(e.Y):
		id := m.add(e.OpPos, "%s: %s → %s", m.text(e), e.Op, replacement(e.Op))
		m.around(e.Pos(), e.End(), fmt.Sprintf("mutant_.%s(%d, ", function, id), ")")
		at := m.offset(e.OpPos)
		m.edits = append(m.edits, edit{offset: at, end: at + len(e.Op.String()), text: ","})
	}
}

func replacement(operator token.Token) token.Token {
	return map[token.Token]token.Token{
		token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
		token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	}[operator]
}

func (m *mutator) isNumeric(e ast.Expr) bool {
	basic, isBasic := m.info.TypeOf(e).Underlying().(*types.Basic)
	return isBasic && basic.Info()&(types.IsInteger|types.IsFloat) != 0
}

// shorten makes mutants of a loop that never runs, and of one that runs for the first
// element of a slice only.
func (m *mutator) shorten(loop *ast.RangeStmt) {
	if len(loop.Body.List) == 0 {
		return
	}
	id := m.add(loop.Pos(), "the loop over %s → does not run", m.text(loop.X))
	m.around(loop.Body.Lbrace+1, loop.Body.Lbrace+1, "", fmt.Sprintf(" if mutant_.On(%d) { break };", id))
	if _, isSlice := m.info.TypeOf(loop.X).Underlying().(*types.Slice); isSlice {
		id := m.add(loop.Pos(), "the loop over %s → runs once", m.text(loop.X))
		m.around(loop.X.Pos(), loop.X.End(), fmt.Sprintf("mutant_.First(%d, ", id), ")")
	}
}

// statements drops statements, and replaces what is returned.
func (m *mutator) statements(all []ast.Stmt) {
	for _, s := range all {
		switch s := s.(type) {
		case *ast.ReturnStmt:
			m.result(s)
		case *ast.ExprStmt:
			if call, isCall := s.X.(*ast.CallExpr); isCall && types.ExprString(call.Fun) != "panic" {
				m.drop(s)
			}
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE && !m.isBlank(s) {
				m.drop(s)
			}
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
			m.drop(s)
		}
	}
}

// isBlank reports whether nothing is assigned.
func (m *mutator) isBlank(s *ast.AssignStmt) bool {
	return !slices.ContainsFunc(s.Lhs, func(e ast.Expr) bool { return types.ExprString(e) != "_" })
}

func (m *mutator) drop(s ast.Stmt) {
	id := m.add(s.Pos(), "%s → dropped", m.text(s))
	m.around(s.Pos(), s.End(), fmt.Sprintf("if !mutant_.On(%d) { ", id), " }")
}

// result makes a mutant for each result of a return: its zero value. A boolean is forced.
// Beside an error, or a false that means that there is nothing, no other result counts.
func (m *mutator) result(s *ast.ReturnStmt) {
	last := len(s.Results) - 1
	if last < 0 || m.results.Len() != len(s.Results) {
		return // All results of one call, or named ones.
	}
	value := m.info.Types[s.Results[last]]
	isNothing := value.Value != nil && value.Value.String() == "false"
	isNothing = isNothing || (m.results.At(last).Type().String() == "error" && !value.IsNil())
	for i, e := range s.Results {
		switch {
		case isNothing && i < last:
		case m.isBoolean(e):
			m.force(e, true, false)
		default:
			m.replace(s, i)
		}
	}
}

// replace makes a mutant of a return with the zero value of one of its results.
func (m *mutator) replace(s *ast.ReturnStmt, i int) {
	zero := m.zero(s.Results[i], m.results.At(i).Type())
	if zero == "" {
		return
	}
	results := make([]string, len(s.Results))
	for j, e := range s.Results {
		results[j] = m.raw(e)
	}
	results[i] = zero
	id := m.add(s.Results[i].Pos(), "return %s → its zero value", m.text(s.Results[i]))
	m.around(s.Pos(), s.End(), fmt.Sprintf("if mutant_.On(%d) { return %s }; ", id, strings.Join(results, ", ")), "")
}

// zero returns the zero value of a type as source, or "" if the expression is that.
func (m *mutator) zero(e ast.Expr, t types.Type) string {
	if m.isZero(e) {
		return ""
	}
	if _, isParameter := t.(*types.TypeParam); !isParameter {
		switch t := t.Underlying().(type) {
		case *types.Basic:
			switch {
			case t.Info()&types.IsBoolean != 0:
				return "false"
			case t.Info()&types.IsString != 0:
				return `""`
			}
			return "0"
		case *types.Pointer, *types.Slice, *types.Map, *types.Signature, *types.Interface, *types.Chan:
			return "nil"
		}
	}
	return "mutant_.Zero(" + m.raw(e) + ")"
}

// isZero reports whether an expression is obviously a zero value.
func (m *mutator) isZero(e ast.Expr) bool {
	if literal, isLiteral := e.(*ast.CompositeLit); isLiteral {
		return len(literal.Elts) == 0
	}
	value := m.info.Types[e]
	return value.IsNil() || (value.Value != nil && slices.Contains([]string{"0", "false", `""`}, value.Value.ExactString()))
}

// literal makes a mutant of each field of a literal: its zero value.
func (m *mutator) literal(literal *ast.CompositeLit) {
	structure, isStruct := m.info.TypeOf(literal).Underlying().(*types.Struct)
	if !isStruct {
		return
	}
	for i, e := range literal.Elts {
		field, value := structure.Field(min(i, structure.NumFields()-1)), e
		if pair, hasName := e.(*ast.KeyValueExpr); hasName {
			value = pair.Value
			if name, isName := pair.Key.(*ast.Ident); isName {
				field, _ = m.info.Uses[name].(*types.Var)
			}
		}
		if form := m.orZero(field.Type(), value); form != "" {
			id := m.add(e.Pos(), "field %s: %s → its zero value", field.Name(), m.text(value))
			m.around(value.Pos(), value.End(), fmt.Sprintf("mutant_.%s(%d, ", form, id), ")")
		}
	}
}

// elements makes a mutant of a literal for each of its elements: the slice without it.
func (m *mutator) elements(literal *ast.CompositeLit) {
	if _, isSlice := m.info.TypeOf(literal).Underlying().(*types.Slice); !isSlice || literal.Type == nil || len(literal.Elts) < 2 {
		return
	}
	for i, e := range literal.Elts {
		if _, hasIndex := e.(*ast.KeyValueExpr); hasIndex {
			continue
		}
		id := m.add(e.Pos(), "element %s → dropped", m.text(e))
		m.around(literal.Pos(), literal.End(), fmt.Sprintf("mutant_.Without(%d, %d, ", id, i), ")")
	}
}

// orZero returns the function that makes the value of a field zero, or "" if there is none.
func (m *mutator) orZero(field types.Type, value ast.Expr) string {
	_, isFunction := value.(*ast.FuncLit)
	isConcrete := types.IsInterface(field) && !types.IsInterface(m.info.TypeOf(value)) // Its zero value is not nil.
	if isFunction || isConcrete || m.isZero(value) {
		return ""
	}
	if basic, isBasic := field.(*types.Basic); isBasic {
		return "OrZero[" + basic.Name() + "]"
	}
	if m.info.Types[value].Value != nil && !m.isTyped(value) {
		return ""
	}
	return "OrZero"
}

// isTyped reports whether a constant has a type of its own.
func (m *mutator) isTyped(constant ast.Expr) bool {
	if selector, isSelector := constant.(*ast.SelectorExpr); isSelector {
		constant = selector.Sel
	}
	name, isName := constant.(*ast.Ident)
	if !isName {
		return false
	}
	_, isNamed := m.info.Uses[name].Type().(*types.Named)
	return isNamed
}
