package conformance_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rulesFile has the rules of AWS that the tests cite, and why some have no test.
const rulesFile = "README.md"

// ruleID is the id of a rule.
var ruleID = regexp.MustCompile(`[A-Z]+-\d+`)

// rulebook is what rulesFile says, and which of its rules have passed a test.
type rulebook struct {
	text     string
	services []service
	// reasons has why a rule has no test.
	reasons map[string]string

	mu             sync.Mutex
	passed, failed map[string]bool
}

// service is a section of rules.
type service struct {
	name string
	ids  []string
}

// readRules reads a rulebook. A section of rules has a table with their ids first;
// the one of rules without a test has a reason and then ids in each line.
func readRules(text string) *rulebook {
	book := &rulebook{text: text, reasons: map[string]string{}, passed: map[string]bool{}, failed: map[string]bool{}}
	var current service
	for line := range strings.Lines(text + "## \n") {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch name, heading := strings.CutPrefix(line, "## "); {
		case heading:
			if len(current.ids) > 0 {
				book.services = append(book.services, current)
			}
			current = service{name: strings.TrimSpace(name)}
		case len(cells) == 5 && ruleID.MatchString(cells[1]):
			current.ids = append(current.ids, strings.TrimSpace(cells[1]))
		case len(cells) == 4 && current.name == "Rules without a test":
			for _, id := range ruleID.FindAllString(cells[2], -1) {
				book.reasons[id] = strings.TrimSpace(cells[1])
			}
		}
	}
	return book
}

func (b *rulebook) ids() []string {
	var all []string
	for _, s := range b.services {
		all = append(all, s.ids...)
	}
	return all
}

func (b *rulebook) covers(id string) bool { return b.passed[id] && !b.failed[id] }

// rule cites the rules that a test checks. It fails the test if one does not exist.
func rule(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if !slices.Contains(rules.ids(), id) {
			t.Fatalf("%s has no rule %s", rulesFile, id)
		}
	}
	t.Cleanup(func() {
		rules.mu.Lock()
		defer rules.mu.Unlock()
		for _, id := range ids {
			rules.failed[id] = rules.failed[id] || t.Failed()
			rules.passed[id] = rules.passed[id] || !t.Failed() && !t.Skipped()
		}
	})
}

// coverage returns how many rules of each service have passed a test.
func (b *rulebook) coverage() string {
	var lines strings.Builder
	lines.WriteString("| service | rules | covered | |\n|---|--:|--:|--:|\n")
	row := func(name string, ids []string) {
		covered := 0
		for _, id := range ids {
			if b.covers(id) {
				covered++
			}
		}
		fmt.Fprintf(&lines, "| %s | %d | %d | %d %% |\n", name, len(ids), covered, 100*covered/len(ids))
	}
	for _, s := range b.services {
		row(s.name, s.ids)
	}
	row("**all**", b.ids())
	return lines.String()
}

// check returns an error if a rule has neither a test nor a reason, or both, or if the
// numbers in the text are not those of this run. With write it writes the numbers.
func (b *rulebook) check(write bool) error {
	var problems []error
	for _, id := range b.ids() {
		switch reason := b.reasons[id]; {
		case !b.covers(id) && reason == "":
			problems = append(problems, fmt.Errorf("no test of %s has passed, and %s has no reason for it", id, rulesFile))
		case b.covers(id) && reason != "":
			problems = append(problems, fmt.Errorf("a test of %s has passed, which by %s has none", id, rulesFile))
		}
	}
	const begin, end = "<!-- coverage, generated -->\n", "<!-- end of coverage -->"
	before, rest, begins := strings.Cut(b.text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return errors.Join(append(problems, fmt.Errorf("%s has no place for the coverage", rulesFile))...)
	}
	text := before + begin + "\n" + b.coverage() + "\n" + end + after
	switch {
	case text == b.text:
	case write:
		problems = append(problems, os.WriteFile(rulesFile, []byte(text), 0o644))
	default:
		problems = append(problems, fmt.Errorf("%s has other numbers; go test -count=1 ./localcloud/conformance -update writes them", rulesFile))
	}
	return errors.Join(problems...)
}

func TestEveryRuleIsWrittenOnceAndHasASource(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range rules.ids() {
		if seen[id] {
			t.Errorf("%s has the rule %s twice", rulesFile, id)
		}
		seen[id] = true
	}
	for id := range rules.reasons {
		if !seen[id] {
			t.Errorf("%s has a reason for %s, which is no rule", rulesFile, id)
		}
	}
	cited, defined := map[string]bool{}, map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^\[([\w-]+)\]: https://\S+$`).FindAllStringSubmatch(rules.text, -1) {
		defined[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`(?m)^\| [A-Z]+-\d+ \|.*\|((?: \[[\w-]+\])*) \|$`).FindAllStringSubmatch(rules.text, -1) {
		if match[1] == "" {
			t.Errorf("there is no source in %s", match[0])
		}
		for key := range strings.FieldsSeq(match[1]) {
			cited[strings.Trim(key, "[]")] = true
		}
	}
	if !maps.Equal(cited, defined) {
		t.Errorf("the rules have the sources %v, and defined are %v", slices.Sorted(maps.Keys(cited)), slices.Sorted(maps.Keys(defined)))
	}
}

// TestEveryTestCitesARule reads the tests: each calls rule, itself or in a subtest.
func TestEveryTestCitesARule(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			test, ok := declaration.(*ast.FuncDecl)
			if !ok || file == "rule_test.go" || test.Name.Name == "TestMain" || !strings.HasPrefix(test.Name.Name, "Test") {
				continue
			}
			if !calls(test, "rule") {
				t.Errorf("%s: %s cites no rule", file, test.Name.Name)
			}
		}
	}
}

// calls reports whether a function is called by its name inside a node.
func calls(in ast.Node, function string) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			name, ok := call.Fun.(*ast.Ident)
			found = found || ok && name.Name == function
		}
		return true
	})
	return found
}
