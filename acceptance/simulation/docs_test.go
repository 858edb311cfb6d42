package simulation

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the state tables into the documents")

// The documents that have the state tables: the second is embedded, and has nothing else.
const (
	sagaDocument = "../../docs/saga.md"
	statesCopy   = "../../operator/catalogue/states.txt"
)

var stateTable = regexp.MustCompile(`(?s)<!-- state table of .*?<!-- end of state table -->\n`)

func TestTheStateTablesInTheDocsAreThoseOfTheCode(t *testing.T) {
	document := read(t, sagaDocument)
	for _, m := range machines() {
		table, err := m.markdown()
		if err != nil {
			t.Fatal(err)
		}
		if document, err = replace(document, m.context, table); err != nil {
			t.Fatal(err)
		}
	}
	checkWritten(t, sagaDocument, document)
	checkWritten(t, statesCopy, strings.Join(stateTable.FindAllString(document, -1), ""))
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkWritten compares a document with what it must be, or writes it with -update.
func checkWritten(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, name), want); diff != "" {
		t.Errorf("%s differs from the code; -update writes it (-docs +code):\n%s", name, diff)
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
