package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// mutant is one change of the source.
type mutant struct {
	id int
	// place is the file and the line.
	place string
	// key identifies the mutant without its line: the package, the function and the change.
	key string
}

// edit inserts a text into the source, or replaces a part of it.
type edit struct {
	offset, end int
	text        string
	isClosing   bool
}

// mutator finds the mutants of one file and collects the edits that compile them in.
type mutator struct {
	pkg      string
	fset     *token.FileSet
	info     *types.Info
	source   []byte
	function string
	results  *types.Tuple
	edits    []edit
	mutants  []mutant
	// next returns the id of the next mutant.
	next func() int
}

// mutate returns the source of a file with all its mutants compiled in, which is chosen
// by package mutant, and the mutants. The folder dir is that of the package in the
// repository. Every edit is around an expression or a statement and leaves it in place, so
// nested mutants need no more source than others.
func mutate(pkg *packages.Package, dir string, file *ast.File, text []byte, next func() int) ([]byte, []mutant) {
	m := &mutator{pkg: dir, fset: pkg.Fset, info: pkg.TypesInfo, source: text, next: next}
	for _, declared := range file.Decls {
		if f, isFunction := declared.(*ast.FuncDecl); isFunction && f.Body != nil {
			m.function = functionName(f)
			m.body(f.Body, pkg.TypesInfo.Defs[f.Name].Type())
		}
	}
	if len(m.mutants) == 0 {
		return text, nil
	}
	m.around(file.Name.End(), file.Name.End(), "", fmt.Sprintf("; import mutant_ %q", switchPath))
	return m.apply(), m.mutants
}

func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := types.ExprString(f.Recv.List[0].Type)
	receiver, _, _ = strings.Cut(strings.TrimPrefix(receiver, "*"), "[")
	return receiver + "." + f.Name.Name
}

// body mutates the body of a function, which has the results of its type.
func (m *mutator) body(body *ast.BlockStmt, function types.Type) {
	outer := m.results
	if signature, isFunction := function.(*types.Signature); isFunction {
		m.results = signature.Results()
	}
	ast.Inspect(body, m.visit)
	m.results = outer
}

// visit mutates a node, and reports whether its children are to be visited.
func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		m.body(n.Body, m.info.TypeOf(n))
		return false
	case *ast.BlockStmt:
		m.statements(n.List)
	case *ast.CaseClause:
		m.statements(n.Body)
		for _, e := range n.List {
			if m.isBoolean(e) {
				m.force(e, true, false)
			}
		}
	case *ast.CommClause:
		m.statements(n.Body)
	case *ast.IfStmt:
		m.force(n.Cond, true, false)
	case *ast.ForStmt:
		if n.Cond != nil {
			m.force(n.Cond, false)
		}
	case *ast.RangeStmt:
		m.shorten(n)
	case *ast.BinaryExpr:
		m.binary(n)
	case *ast.AssignStmt:
		for _, e := range n.Rhs {
			if m.isBoolean(e) {
				m.force(e, true, false)
			}
		}
	case *ast.CompositeLit:
		m.literal(n)
		m.elements(n)
	}
	return true
}

// add adds a mutant and returns its id.
func (m *mutator) add(pos token.Pos, format string, args ...any) int {
	at := m.fset.Position(pos)
	key := fmt.Sprintf("%s %s | ", m.pkg, m.function) + fmt.Sprintf(format, args...)
	id := m.next()
	m.mutants = append(m.mutants, mutant{id: id, place: fmt.Sprintf("%s/%s:%d", m.pkg, filepath.Base(at.Filename), at.Line), key: key})
	return id
}

// around inserts a text before a part of the source and another after it.
func (m *mutator) around(from, to token.Pos, before, after string) {
	m.edits = append(m.edits,
		edit{offset: m.offset(from), end: m.offset(from), text: before},
		edit{offset: m.offset(to), end: m.offset(to), text: after, isClosing: true})
}

func (m *mutator) offset(pos token.Pos) int { return m.fset.Position(pos).Offset }

func (m *mutator) raw(n ast.Node) string {
	return string(m.source[m.offset(n.Pos()):m.offset(n.End())])
}

// maximumText is how much of the source is shown of a mutant.
const maximumText = 90

// text returns the source of a node in one line, shortened.
func (m *mutator) text(n ast.Node) string {
	text := []rune(strings.Join(strings.Fields(m.raw(n)), " "))
	if len(text) > maximumText {
		return string(text[:maximumText]) + "…"
	}
	return string(text)
}

// apply returns the source with the edits. At one place what ends comes first, the inner
// before the outer, and then what begins, the outer before the inner: nodes are visited
// from the outside.
func (m *mutator) apply() []byte {
	order := make([]int, len(m.edits))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) (offset, phase, turn int) {
		e := m.edits[i]
		if e.isClosing {
			return e.offset, 0, -i
		}
		return e.offset, 1, i
	}
	slices.SortFunc(order, func(a, b int) int {
		offsetA, phaseA, turnA := rank(a)
		offsetB, phaseB, turnB := rank(b)
		return cmp.Or(cmp.Compare(offsetA, offsetB), cmp.Compare(phaseA, phaseB), cmp.Compare(turnA, turnB))
	})
	var out bytes.Buffer
	done := 0
	for _, i := range order {
		e := m.edits[i]
		out.Write(m.source[done:e.offset])
		out.WriteString(e.text)
		done = e.end
	}
	out.Write(m.source[done:])
	return out.Bytes()
}
