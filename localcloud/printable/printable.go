// Package printable makes text from events, logs and programs safe to print on a
// terminal. Such text must not move the cursor, change colours or the window's
// title, begin a line of its own, or run from right to left over what stands
// beside it. So these characters are written as Go writes them, such as \x1b:
//
//   - the control characters C0, DEL and C1, of which U+009B begins a terminal's
//     command as ESC [ does;
//   - those that change the direction of text: U+061C, U+200E, U+200F, U+202A to
//     U+202E, U+2066 to U+2069;
//   - the separators of lines and paragraphs, U+2028 and U+2029;
//   - noncharacters, such as U+FFFF, which show as nothing;
//   - bytes that are not UTF-8.
//
// The package exists twice, in pkg and in localcloud, because the local cloud
// imports nothing from outside its folder. A test keeps the two the same.
package printable

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line returns a text as one line.
func Line(text string) string { return escape(text, "") }

// Text returns a text of several lines: its newlines and tabs stay.
func Text(text string) string { return escape(text, "\n\t") }

// JSON returns what encoding/json has written, with the same value. Such characters
// can be in strings only, where JSON has escapes for them; but a control character
// C0 is whitespace between the values, because encoding/json escapes those.
func JSON(encoded []byte) []byte {
	var out []byte
	for rest := encoded; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if isSafe(r, size) || r < ' ' {
			out = append(out, rest[:size]...)
		} else {
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		rest = rest[size:]
	}
	return out
}

func escape(text, kept string) string {
	var out strings.Builder
	for rest := text; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case isSafe(r, size) || strings.ContainsRune(kept, r):
			out.WriteString(rest[:size])
		case r == utf8.RuneError:
			fmt.Fprintf(&out, `\x%02x`, rest[0])
		default:
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		rest = rest[size:]
	}
	return out.String()
}

// isSafe reports whether a rune of this many bytes can be printed as it is. The
// rune of a byte that is not UTF-8 is the replacement character, of one byte.
func isSafe(r rune, size int) bool {
	switch r {
	case utf8.RuneError:
		return size > 1
	case '\u2028', '\u2029':
		return false
	default:
		return !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) && !unicode.Is(unicode.Noncharacter_Code_Point, r)
	}
}
