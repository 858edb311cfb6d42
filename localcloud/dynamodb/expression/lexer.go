package expression

import "strings"

// tokenKind is what a token of an expression is.
type tokenKind int

const (
	tokenEnd         tokenKind = iota
	tokenWord                  // an attribute name, a keyword or a function name
	tokenPlaceholder           // #name
	tokenConstant              // :value
	tokenDigits                // a list index
	tokenSymbol                // punctuation, or a character that no expression has
)

type token struct {
	kind       tokenKind
	text       string
	start, end int
}

const whitespace = " \t\r\n"

// tokens cuts an expression into tokens. It never fails: a character that no
// expression can have becomes a symbol that the parser does not expect.
func tokens(source string) []token {
	var all []token
	for start := 0; start < len(source); {
		if strings.IndexByte(whitespace, source[start]) >= 0 {
			start++
			continue
		}
		kind, end := scanToken(source, start)
		all = append(all, token{kind: kind, text: source[start:end], start: start, end: end})
		start = end
	}
	end := len(strings.TrimRight(source, whitespace))
	return append(all, token{kind: tokenEnd, text: "<EOF>", start: end, end: end})
}

func scanToken(source string, start int) (tokenKind, int) {
	first := source[start]
	wordEnd := start + 1
	for wordEnd < len(source) && isWordPart(source[wordEnd]) {
		wordEnd++
	}
	switch {
	case isDigit(first):
		end := start + 1
		for end < len(source) && isDigit(source[end]) {
			end++
		}
		return tokenDigits, end
	case isWordPart(first):
		return tokenWord, wordEnd
	case first == '#' && wordEnd > start+1:
		return tokenPlaceholder, wordEnd
	case first == ':' && wordEnd > start+1:
		return tokenConstant, wordEnd
	case first == '<' && strings.HasPrefix(source[start+1:], ">"), (first == '<' || first == '>') && strings.HasPrefix(source[start+1:], "="):
		return tokenSymbol, start + 2
	}
	end := start + 1
	for end < len(source) && source[end]&0xC0 == 0x80 { // the rest of a multi-byte character
		end++
	}
	return tokenSymbol, end
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWordPart(c byte) bool {
	return isDigit(c) || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
