package printable

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatControlsATerminalIsEscaped(t *testing.T) {
	for name, test := range map[string]struct{ text, line, whole string }{
		"plain text":               {"23 Fake Street", "23 Fake Street", "23 Fake Street"},
		"nothing":                  {"", "", ""},
		"other scripts":            {"Žluťoučký 日本 עברית 👍🏽 e\u0301", "Žluťoučký 日本 עברית 👍🏽 e\u0301", "Žluťoučký 日本 עברית 👍🏽 e\u0301"},
		"a backslash and a quote":  {`\x1b '"`, `\x1b '"`, `\x1b '"`},
		"newlines and tabs":        {"a\n\tb", `a\n\tb`, "a\n\tb"},
		"a carriage return":        {"a\rb", `a\rb`, `a\rb`},
		"an escape sequence":       {"\x1b[31mred", `\x1b[31mred`, `\x1b[31mred`},
		"a title and a bell":       {"\x1b]0;x\a", `\x1b]0;x\a`, `\x1b]0;x\a`},
		"a null and a backspace":   {"\x00\b", `\x00\b`, `\x00\b`},
		"delete":                   {"\x7f", `\x7f`, `\x7f`},
		"a C1 sequence":            {"\u009b31m", `\u009b31m`, `\u009b31m`},
		"the direction of text":    {"\u202e123\u202c", `\u202e123\u202c`, `\u202e123\u202c`},
		"an isolated direction":    {"\u2066x\u2069\u200f\u061c", `\u2066x\u2069\u200f\u061c`, `\u2066x\u2069\u200f\u061c`},
		"separators":               {"a\u2028b\u2029", `a\u2028b\u2029`, `a\u2028b\u2029`},
		"what is not UTF-8":        {"a\xffb\x9b31m", `a\xffb\x9b31m`, `a\xffb\x9b31m`},
		"a surrogate in UTF-8":     {"\xed\xa0\x80", `\xed\xa0\x80`, `\xed\xa0\x80`},
		"a replacement character":  {"\ufffd", "\ufffd", "\ufffd"},
		"the beginning of a rune":  {"a\xc2", `a\xc2`, `a\xc2`},
		"a quote of another width": {"'", "'", "'"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(test.text); got != test.line {
				t.Errorf("as a line %q is %q, want %q", test.text, got, test.line)
			}
			if got := Text(test.text); got != test.whole {
				t.Errorf("as a text %q is %q, want %q", test.text, got, test.whole)
			}
		})
	}
}

// forbidden are all characters that must not come to a terminal.
func forbidden() []rune {
	var all []rune
	for _, within := range [][2]rune{
		{0x00, 0x1f},
		{0x7f, 0x9f},
		{0x061c, 0x061c},
		{0x200e, 0x200f},
		{0x2028, 0x2029},
		{0x202a, 0x202e},
		{0x2066, 0x2069},
		{0xfdd0, 0xfdef},
		{0xfffe, 0xffff},
		{0x1fffe, 0x1ffff},
		{0x10fffe, 0x10ffff},
	} {
		for r := within[0]; r <= within[1]; r++ {
			all = append(all, r)
		}
	}
	return all
}

func TestNoForbiddenCharacterIsLeft(t *testing.T) {
	for _, r := range forbidden() {
		text := "a" + string(r) + "b"
		if got := Line(text); strings.ContainsRune(got, r) || !strings.HasPrefix(got, `a\`) || !strings.HasSuffix(got, "b") {
			t.Errorf("U+%04X is printed as %q", r, got)
		}
		if got := Text(text); strings.ContainsRune(got, r) != (r == '\n' || r == '\t') {
			t.Errorf("in a text U+%04X is printed as %q", r, got)
		}
	}
}

func TestSafeJSONHasTheSameValue(t *testing.T) {
	var text strings.Builder
	for _, r := range forbidden() {
		text.WriteRune(r)
	}
	want := map[string]string{text.String(): "日本 '\"\\ " + text.String()}
	encoded, err := json.MarshalIndent(want, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	safe := JSON(encoded)
	for _, r := range forbidden() {
		if r != '\n' && r != '\t' && strings.ContainsRune(string(safe), r) {
			t.Errorf("U+%04X is left in %q", r, safe)
		}
	}
	var got map[string]string
	if err := json.Unmarshal(safe, &got); err != nil {
		t.Fatalf("%s: %v", safe, err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the value is %q, want %q", got, want)
	}
}

func TestSafeJSONIsUTF8(t *testing.T) {
	if got := JSON([]byte("\"a\xffb\"")); !utf8.Valid(got) || string(got) != `"a\ufffdb"` {
		t.Errorf("it is %q", got)
	}
}
