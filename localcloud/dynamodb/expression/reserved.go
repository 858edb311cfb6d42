package expression

import (
	_ "embed"
	"strings"
)

// reservedText is DynamoDB's list of reserved words, one on a line, in capitals.
//
//go:embed reserved.txt
var reservedText string

// isReserved reports whether a word may be an attribute's name only through a
// placeholder.
func isReserved(word string) bool {
	return strings.Contains(reservedText, "\n"+strings.ToUpper(word)+"\n")
}
