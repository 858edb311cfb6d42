package document

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
)

// aType is an event type in a text.
var aType = regexp.MustCompile(`[a-z]+\.[a-z-]+`)

func TestTheTableOfEventsInTheDesignIsTheWiring(t *testing.T) {
	wired := readWiring(t)
	var want []string
	for _, eventType := range contract.Types(contract.All()...) {
		publishers := who(wired.publishes, eventType)
		if len(publishers) == 0 {
			publishers = []string{"an operator"}
		}
		want = append(want, eventType+" from "+strings.Join(publishers, ", ")+" to "+strings.Join(who(wired.consumes, eventType), ", "))
	}
	var got []string
	for line := range strings.Lines(read(t, "docs/design.md")) {
		cells := strings.Split(line, " | ")
		eventType, isType := strings.CutPrefix(cells[0], "| `")
		if len(cells) != 4 || !isType {
			continue
		}
		consumers := strings.Split(cells[2], ", ")
		slices.Sort(consumers)
		got = append(got, strings.TrimSuffix(eventType, "`")+" from "+cells[1]+" to "+strings.Join(consumers, ", "))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of docs/design.md is not the wiring (- wiring, + table):\n%s", diff)
	}
}

func TestTheCommentOfEveryContextIsItsWiring(t *testing.T) {
	wired := readWiring(t)
	for _, name := range contexts() {
		t.Run(name, func(t *testing.T) {
			lists := commentLists(t, name)
			if lists["owns"] == "" {
				t.Error("it does not say what the context owns")
			}
			for list, want := range map[string][]string{"consumes": wired.consumes[name], "publishes": wired.publishes[name]} {
				got := aType.FindAllString(lists[list], -1)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("what it says that the context %s is not its wiring (- wiring, + comment):\n%s", list, diff)
				}
			}
			if nothing := strings.HasPrefix(lists["compensates"], "nothing"); nothing {
				return
			}
			for pair := range strings.SplitSeq(lists["compensates"], ", ") {
				step, compensation, _ := strings.Cut(pair, " by ")
				for _, short := range []string{step, compensation} {
					if !slices.Contains(wired.publishes[name], name+"."+short) {
						t.Errorf("it compensates %q: the context does not publish %q", pair, short)
					}
				}
			}
		})
	}
}

// commentLists gives the lists in the package comment of a context by their
// words: a list goes on in every line that begins further to the right.
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
