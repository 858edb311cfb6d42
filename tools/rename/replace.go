package main

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// replace returns the text with the new module path and the new base of the ids of
// schemas. It looks for the base first, which may begin like the module path.
func replace(text []byte, from, to, base, schemas string) []byte {
	var replaced bytes.Buffer
	for at := 0; at < len(text); {
		rest := text[at:]
		switch {
		case bytes.HasPrefix(rest, []byte(base)):
			replaced.WriteString(schemas)
			at += len(base)
		case bytes.HasPrefix(rest, []byte(from)) && !continues(text[:at]) && !continued(rest[len(from):]):
			replaced.WriteString(to)
			at += len(from)
		default:
			replaced.WriteByte(text[at])
			at++
		}
	}
	return replaced.Bytes()
}

// continues reports whether the text after before continues a name, as in
// www.old.example.
func continues(before []byte) bool {
	last, _ := utf8.DecodeLastRune(before)
	return len(before) > 0 && (isName(last) || last == '.')
}

// continued reports whether after continues a name, as in old.example/sagas. A dot ends a
// sentence if no name follows it.
func continued(after []byte) bool {
	next, size := utf8.DecodeRune(after)
	if next == '.' {
		next, _ = utf8.DecodeRune(after[size:])
	}
	return isName(next)
}

func isName(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_~", r)
}
