package simulation

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the state tables into docs/saga.md")

const sagaDocument = "../../docs/saga.md"

func TestTheStateTablesInTheDocsAreThoseOfTheCode(t *testing.T) {
	written, err := os.ReadFile(sagaDocument)
	if err != nil {
		t.Fatal(err)
	}
	document := string(written)
	for _, m := range machines() {
		table, err := m.markdown()
		if err != nil {
			t.Fatal(err)
		}
		if document, err = replace(document, m.context, table); err != nil {
			t.Fatal(err)
		}
	}
	if !*update {
		if diff := cmp.Diff(string(written), document); diff != "" {
			t.Errorf("docs/saga.md differs from the code; -update writes it (-docs +code):\n%s", diff)
		}
		return
	}
	if err := os.WriteFile(sagaDocument, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replace returns the document with the table between the markers of its context, or in
// a new section at the end.
func replace(document, context, table string) (string, error) {
	begin := fmt.Sprintf("<!-- state table of %s, generated -->\n", context)
	const end = "<!-- end of state table -->"
	before, rest, found := strings.Cut(document, begin)
	if !found {
		title := strings.ToUpper(context[:1]) + context[1:]
		return document + "\n### " + title + "\n\n" + begin + "\n" + table + "\n" + end + "\n", nil
	}
	_, after, ended := strings.Cut(rest, end)
	if !ended {
		return "", fmt.Errorf("the state table of %s has no end marker in docs/saga.md", context)
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}
