package cloudwatchlogs

import (
	"regexp"
	"strings"
)

// simpleTerm is a term that CloudWatch Logs takes without quotes.
var simpleTerm = regexp.MustCompile(`^[A-Za-z0-9_./@:=-]+$`)

// parseFilter parses the empty pattern, one term, one quoted text, or a JSON pattern. A
// term or text matches anywhere in a message, in the same case.
func parseFilter(pattern string) (func(message string) bool, error) {
	trimmed := strings.TrimSpace(pattern)
	if trimmed == "" {
		return func(string) bool { return true }, nil
	}
	if inner, opened := strings.CutPrefix(trimmed, "{"); opened && strings.HasSuffix(inner, "}") {
		if filter := parseJSONFilter(strings.TrimSuffix(inner, "}")); filter != nil {
			return filter.matches, nil
		}
	}
	text, ok := unquote(trimmed)
	if !ok && simpleTerm.MatchString(trimmed) && !strings.HasPrefix(trimmed, "-") {
		text, ok = trimmed, true
	}
	if !ok {
		return nil, invalid("the local cloud does not support the filterPattern %s: only one term, one quoted text, or a JSON pattern without regular expressions", pattern)
	}
	return func(message string) bool { return strings.Contains(message, text) }, nil
}

// unquote returns the text of "text", in which \" is a quote and \\ a backslash.
func unquote(pattern string) (string, bool) {
	if len(pattern) < 3 || pattern[0] != '"' || pattern[len(pattern)-1] != '"' {
		return "", false
	}
	var text strings.Builder
	escaped := false
	for _, character := range pattern[1 : len(pattern)-1] {
		switch {
		case escaped:
			text.WriteRune(character)
			escaped = false
		case character == '\\':
			escaped = true
		case character == '"':
			return "", false
		default:
			text.WriteRune(character)
		}
	}
	return text.String(), !escaped
}
