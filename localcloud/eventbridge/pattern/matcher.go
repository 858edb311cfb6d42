package pattern

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
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

// cidr accepts the addresses of a network. A network of a single address is
// refused, as by EventBridge's engine: the address itself is the pattern then.
// https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/CIDR.java
func cidr(text string) (matcher, error) {
	base, mask, _ := strings.Cut(text, "/")
	if strings.Count(text, "/") != 1 {
		return nil, refuse("Malformed CIDR, one '/' required")
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		return nil, refuse("Malformed CIDR, mask bits must be an integer")
	}
	if bits < 0 {
		return nil, refuse("Malformed CIDR, mask bits must not be negative")
	}
	address, err := netip.ParseAddr(base)
	switch {
	case err != nil || address.Zone() != "":
		return nil, refuse("Nonstandard IP address: %s", base)
	case address.Is4() && bits >= address.BitLen():
		return nil, refuse("IPv4 mask bits must be < 32")
	case bits >= address.BitLen():
		return nil, refuse("IPv6 mask bits must be < 128")
	}
	network := netip.PrefixFrom(address, bits)
	return ofText(func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && network.Contains(address)
	}), nil
}

// literalText accepts the same text or, for an IP address, the same address in
// any spelling, as EventBridge's engine does.
func literalText(wanted string) matcher {
	address, notAddress := netip.ParseAddr(wanted)
	return ofText(func(text string) bool {
		if notAddress != nil {
			return text == wanted
		}
		given, err := netip.ParseAddr(text)
		return err == nil && given == address
	})
}
