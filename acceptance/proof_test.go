package acceptance

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is measured into docs/proof.md or docs/cost.md")

// Names of the runs that are not those of one fault.
const (
	together = "all together"
	poison   = "a poison message"
)

// proof is the result of a run under faults.
type proof struct {
	name, chance, naive string

	orders, injected, violations, stuck, deadLetters int
}

const (
	proofFile  = "../docs/proof.md"
	proofBegin = "<!-- measured -->\n"
	proofEnd   = "<!-- end of measured -->\n"
)

// String returns the proof's row in the table.
func (p proof) String() string {
	naive := p.naive
	if naive == "" {
		naive = "not measured"
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %s |\n",
		p.name, p.chance, p.orders, p.injected, p.stuck, p.violations, p.deadLetters, naive)
}

// writeProof replaces the table in the docs.
func writeProof(t *testing.T, proofs []proof) {
	t.Helper()
	before, _, after := readProof(t)
	var table strings.Builder
	table.WriteString("| fault | chance | orders | times injected | not ended as they must | violations | needless dead letters | a naive saga |\n")
	table.WriteString("|---|--:|--:|--:|--:|--:|--:|---|\n")
	for _, p := range proofs {
		table.WriteString(p.String())
	}
	if err := os.WriteFile(proofFile, []byte(before+proofBegin+table.String()+proofEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readProof returns the table in the docs, and the text before and after it.
func readProof(t *testing.T) (before, table, after string) {
	t.Helper()
	text, err := os.ReadFile(proofFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), proofBegin)
	table, after, ends := strings.Cut(rest, proofEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", proofFile)
	}
	return before, table, after
}

func TestTheProofInTheDocsHasARowForEveryFaultAtItsChance(t *testing.T) {
	_, table, _ := readProof(t)
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	var want []string
	for _, each := range allChaos() {
		want = append(want, fmt.Sprintf("| %s | %g %% |", each.fault, each.chance))
	}
	want = append(want, "| "+together+" |", "| "+poison+" |")
	if len(rows) != len(want) {
		t.Fatalf("there are %d rows for %d runs", len(rows), len(want))
	}
	for i, row := range rows {
		if !strings.HasPrefix(row, want[i]) {
			t.Errorf("the row %q is not about %q", row, want[i])
		}
	}
}
