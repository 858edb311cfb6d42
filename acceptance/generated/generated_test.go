package generated

import (
	"path/filepath"
	"testing"
)

const document = "# Costs\n\n<!-- costs, generated -->\n\nold\n\n<!-- end of costs -->\n\nThe end.\n"

func TestWhatIsBetweenTheMarksOfANameIsWrittenAndRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "costs.md")
	Check(t, file, document, true)
	CheckBetween(t, file, map[string]string{"costs": "new\n"}, true)
	want := "# Costs\n\n<!-- costs, generated -->\n\nnew\n\n<!-- end of costs -->\n\nThe end.\n"
	if got := Read(t, file); got != want {
		t.Errorf("the file has %q", got)
	}
	if text := Between(t, file, "costs"); text != "new\n" {
		t.Errorf("between the marks is %q", text)
	}
	CheckBetween(t, file, map[string]string{"costs": "new\n"}, false)
}

func TestADocumentWithoutBothMarksOfANameIsAnError(t *testing.T) {
	for _, text := range []string{"", document[:40], document[10:], document} {
		name := "costs"
		if text == document {
			name = "cost"
		}
		if _, _, _, err := cut(text, name); err == nil {
			t.Errorf("%q has a place for the %s", text, name)
		}
	}
}

// failing records whether a test has failed.
type failing struct {
	testing.TB

	hasFailed bool
}

func (f *failing) Helper()               {}
func (f *failing) Errorf(string, ...any) { f.hasFailed = true }

func TestAFileThatIsNotAsGeneratedFailsTheTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "costs.md")
	Check(t, file, document, true)
	f := &failing{TB: t}
	CheckBetween(f, file, map[string]string{"costs": "new\n"}, false)
	if !f.hasFailed || Read(t, file) != document {
		t.Errorf("the test has failed: %t, and the file has %q", f.hasFailed, Read(t, file))
	}
}
