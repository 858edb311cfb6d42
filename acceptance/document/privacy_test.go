package document

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/pkg/contract"
)

var update = flag.Bool("update", false, "write what is generated, instead of comparing it")

const privacyDocument = "docs/privacy.md"

// personal returns the personal members of each event that has some, by its type.
func personal(t *testing.T) map[string][]string {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	for _, data := range contract.Catalogue().All() {
		if members := language.PersonalMembers(data); len(members) > 0 {
			found[data.EventType()] = members
		}
	}
	return found
}

// coded returns words as a list of code.
func coded(words []string) string {
	if len(words) == 0 {
		return "-"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

// eventMap lists which event has which personal members, and its publisher and consumers.
func eventMap(t *testing.T) [][]string {
	t.Helper()
	wired := readWiring(t)
	rows := [][]string{{"event", "personal members", "published by", "consumed by"}}
	members := personal(t)
	for _, eventType := range slices.Sorted(maps.Keys(members)) {
		rows = append(rows, []string{
			"`" + eventType + "`", coded(members[eventType]),
			strings.Join(partiesOf(wired.publishes, eventType), ", "), strings.Join(partiesOf(wired.consumes, eventType), ", "),
		})
	}
	return rows
}

func TestTheGeneratedDataMapIsThatOfSchemasAndTemplate(t *testing.T) {
	generated.CheckBetween(t, root+"/"+privacyDocument, map[string]string{
		"data map of events": markdown.Table(eventMap(t), "---"), "data map of stores": markdown.Table(storeMap(t), "---"),
	}, *update)
}

// A consumer must not receive personal data without a use for it.
func TestTheDocsSayWhyEveryConsumerGetsPersonalData(t *testing.T) {
	wired, members := readWiring(t), personal(t)
	var want []string
	for eventType := range members {
		for _, consumer := range partiesOf(wired.consumes, eventType) {
			want = append(want, consumer+" "+eventType)
		}
	}
	slices.Sort(want)
	var got []string
	_, section, _ := strings.Cut(read(t, privacyDocument), "## Why each consumer needs it")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if eventType := strings.Trim(cells[min(1, len(cells)-1)], "`"); len(cells) == 3 && members[eventType] != nil && cells[2] != "" {
			got = append(got, cells[0]+" "+eventType)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of why each consumer needs it (- wiring, + docs):\n%s", diff)
	}
}
