// Package generated compares files with what is generated for them, or writes it.
package generated

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Between returns the text between the marks of a name in a file, <!-- NAME, generated -->
// and <!-- end of NAME -->, without the empty lines beside them.
func Between(tb testing.TB, file, name string) string {
	tb.Helper()
	_, text, _, err := cut(Read(tb, file), name)
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return text
}

// CheckBetween fails the test if a text is not that between the marks of its name in a
// file, or writes it. Each text ends with a line break.
func CheckBetween(tb testing.TB, file string, texts map[string]string, write bool) {
	tb.Helper()
	document := Read(tb, file)
	for name, text := range texts {
		before, _, after, err := cut(document, name)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		document = before + text + after
	}
	Check(tb, file, document, write)
}

func cut(document, name string) (before, text, after string, err error) {
	begin, end := "<!-- "+name+", generated -->\n\n", "\n<!-- end of "+name+" -->"
	before, rest, begins := strings.Cut(document, begin)
	text, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("the document has no place for the %s", name)
	}
	return before + begin, text, end + after, nil
}

// Read returns the text of a file.
func Read(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// Check fails the test if a file is not as generated, or writes it.
func Check(tb testing.TB, file, generated string, write bool) {
	tb.Helper()
	if write {
		if err := os.WriteFile(file, []byte(generated), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(Read(tb, file), generated); diff != "" {
		tb.Errorf("%s is not as generated; the test with -update writes it (-file +generated):\n%s", file, diff)
	}
}
