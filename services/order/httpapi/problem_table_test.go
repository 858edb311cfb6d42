package httpapi

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTableOfProblemsInTheDocumentationIsThatOfTheCode(t *testing.T) {
	document, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(document), "| type | status | title | meaning |\n|---|---|---|---|\n")
	if !found {
		t.Fatal("docs/api.md has no table of problems")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for _, p := range newAPI(t).ProblemTypes() {
		want = append(want, fmt.Sprintf("| `%s` | %d | %s | %s |", p.Name, p.Status, p.Title, p.Meaning))
	}
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("the table of docs/api.md is not that of the code (- code, + table):\n%s", diff)
	}
}
