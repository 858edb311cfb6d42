package simulation

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"example.com/saga/acceptance/generated"
)

var update = flag.Bool("update", false, "write the state tables into the documents")

// The documents that have the state tables: the second is embedded, and has nothing else.
const (
	sagaDocument = "../../docs/saga.md"
	statesCopy   = "../../operator/catalogue/states.txt"
)

var stateTable = regexp.MustCompile(`(?s)<!-- state table of .*?<!-- end of state table -->\n`)

func TestTheStateTablesInTheDocsAreThoseOfTheCode(t *testing.T) {
	document := generated.Read(t, sagaDocument)
	for _, m := range machines() {
		table, err := m.markdown()
		if err != nil {
			t.Fatal(err)
		}
		if document, err = replace(document, m.context, table); err != nil {
			t.Fatal(err)
		}
	}
	generated.Check(t, sagaDocument, document, *update)
	generated.Check(t, statesCopy, strings.Join(stateTable.FindAllString(document, -1), ""), *update)
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
