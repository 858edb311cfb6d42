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
			t.Errorf("docs/saga.md does not say what the code does; -update writes it (-docs +code):\n%s", diff)
		}
		return
	}
	if err := os.WriteFile(sagaDocument, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replace puts a table between the markers of a context.
func replace(document, context, table string) (string, error) {
	begin := fmt.Sprintf("<!-- state table of %s, generated -->\n", context)
	const end = "<!-- end of state table -->"
	before, rest, found := strings.Cut(document, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("docs/saga.md has no place for the state table of %s", context)
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}
