package pattern

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A matcher reports whether one leaf of an event is accepted.
type matcher func(value any) bool

// ofText is a matcher that only strings can satisfy.
func ofText(matches func(string) bool) matcher {
	return func(value any) bool {
		text, isText := value.(string)
		return isText && matches(text)
	}
}

func not(matches matcher) matcher {
	return func(value any) bool { return !matches(value) }
}

func anyOf(matchers []matcher) matcher {
	return func(value any) bool {
		return slices.ContainsFunc(matchers, func(matches matcher) bool { return matches(value) })
	}
}

// literal accepts the same value of the same type.
func literal(wanted any) matcher {
	number, isNumber := wanted.(json.Number)
	if !isNumber {
		return func(value any) bool { return value == wanted }
	}
	return func(value any) bool {
		other, isNumber := value.(json.Number)
		return isNumber && sameNumber(number, other)
	}
}

func isEqual(text, wanted string) bool { return text == wanted }

func hasPrefixFold(text, wanted string) bool {
	runes, length := []rune(text), utf8.RuneCountInString(wanted)
	return len(runes) >= length && strings.EqualFold(string(runes[:length]), wanted)
}

func hasSuffixFold(text, wanted string) bool {
	runes, length := []rune(text), utf8.RuneCountInString(wanted)
	return len(runes) >= length && strings.EqualFold(string(runes[len(runes)-length:]), wanted)
}

// wildcard accepts text in which every unescaped * stands for any characters.
// The empty wildcard accepts nothing.
func wildcard(wanted string) (matcher, error) {
	if wanted == "" {
		return func(any) bool { return false }, nil
	}
	expression, escaped, afterStar := "(?s)^", false, false
	for _, character := range wanted {
		star := character == '*' && !escaped
		switch {
		case escaped && character != '*' && character != '\\':
			return nil, refuse("Invalid escape character in wildcard")
		case star && afterStar:
			return nil, refuse("Consecutive wildcard characters")
		case star:
			expression += ".*"
		case character == '\\' && !escaped:
			escaped, afterStar = true, false
			continue
		default:
			expression += regexp.QuoteMeta(string(character))
		}
		escaped, afterStar = false, star
	}
	if escaped {
		return nil, refuse("Invalid escape character in wildcard")
	}
	compiled, err := regexp.Compile(expression + "$")
	if err != nil {
		return nil, err
	}
	return ofText(compiled.MatchString), nil
}
