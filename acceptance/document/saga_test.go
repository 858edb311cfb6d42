package document

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

func TestTheGeneratedTableOfEventsIsTheCatalogue(t *testing.T) {
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"type", "published by", "consumed by", "meaning"}}
	for _, data := range contract.Catalogue().All() {
		described, err := language.Describe(data)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, []string{
			"`" + data.EventType() + "`", strings.Join(partiesBy(contract.Catalogue().PublishedBy, data), ", "),
			strings.Join(partiesBy(contract.Catalogue().ConsumedBy, data), ", "), described.Meaning,
		})
	}
	generated.CheckBetween(t, root+"/docs/design.md", map[string]string{"table of events": markdown.Table(rows, "---")}, *update)
}

// partiesBy returns the parties whose list has an event.
func partiesBy(list func(party string) []event.Data, data event.Data) []string {
	var found []string
	for _, party := range append(parties(), contract.Operator) {
		if slices.Contains(event.Types(list(party)...), data.EventType()) {
			found = append(found, party)
		}
	}
	return found
}

func TestTheGeneratedListsOfAContextAreTheCatalogue(t *testing.T) {
	for _, name := range contract.Catalogue().Contexts() {
		t.Run(name, func(t *testing.T) {
			published := contract.Catalogue().PublishedBy(name)
			generateLists(t, name, map[string][]event.Data{"consumes": contract.Catalogue().ConsumedBy(name), "publishes": published})
			lists := commentLists(t, name)
			if lists["owns"] == "" {
				t.Error("the package comment does not state what the context owns")
			}
			if nothing := strings.HasPrefix(lists["compensates"], "nothing"); nothing {
				return
			}
			for pair := range strings.SplitSeq(lists["compensates"], ", ") {
				step, compensation, _ := strings.Cut(pair, " by ")
				for _, short := range []string{step, compensation} {
					if !slices.Contains(event.Types(published...), name+"."+short) {
						t.Errorf("it compensates %q: the context does not publish %q", pair, short)
					}
				}
			}
		})
	}
}

// generateLists compares lists of events in the package comment of a context with the
// generated ones, or writes them with -update.
func generateLists(t *testing.T, context string, lists map[string][]event.Data) {
	t.Helper()
	name := "services/" + context + "/doc.go"
	text := read(t, name)
	for list, events := range lists {
		place := regexp.MustCompile("//\t" + list + " .*\n(//\t +.*\n)*")
		if len(place.FindAllString(text, -1)) != 1 {
			t.Fatalf("%s has no list of what the context %s", name, list)
		}
		text = place.ReplaceAllLiteralString(text, commentList(list, events))
	}
	generated.Check(t, root+"/"+name, text, *update)
}

// commentList is a list in a package comment, with at most 80 columns in a line.
func commentList(list string, events []event.Data) string {
	const columns, indent = 80, "//\t             "
	text := fmt.Sprintf("//\t%-12s", list)
	for i, data := range events {
		item := " " + data.EventType()
		if i < len(events)-1 {
			item += ","
		}
		if line := text[strings.LastIndexByte(text, '\n')+1:]; i > 0 && len(line)+len(item) > columns {
			text += "\n" + indent + strings.TrimPrefix(item, " ")
			continue
		}
		text += item
	}
	return text + "\n"
}

// commentLists returns the lists in the package comment of a context by their first word.
// Lines with more indentation continue a list.
func commentLists(t *testing.T, context string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "services", context, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	lists := make(map[string]string)
	word := ""
	for line := range strings.Lines(file.Doc.Text()) {
		list, isList := strings.CutPrefix(line, "\t")
		switch {
		case !isList:
		case strings.HasPrefix(list, " "):
			lists[word] += " " + strings.TrimSpace(list)
		default:
			var rest string
			word, rest, _ = strings.Cut(list, " ")
			lists[word] = strings.TrimSpace(rest)
		}
	}
	return lists
}
