package jsonschema

import (
	"cmp"
	"errors"
	"math"
	"strconv"
	"strings"
)

// number is the exact value of a JSON number: 0.digits times ten to the power of
// exponent. Its size is that of its text: as a fraction of integers 1e999999999 would
// have a billion digits.
type number struct {
	text       string
	isNegative bool
	// digits begin and end with another digit than 0, and are empty for 0.
	digits   string
	exponent int
}

// parseNumber parses a number in the grammar of JSON.
func parseNumber(text string) number {
	n := number{text: text}
	unsigned, isNegative := strings.CutPrefix(text, "-")
	mantissa, power := unsigned, ""
	if at := strings.IndexAny(unsigned, "eE"); at >= 0 {
		mantissa, power = unsigned[:at], unsigned[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if n.digits = strings.TrimRight(digits, "0"); n.digits == "" {
		return n
	}
	n.isNegative = isNegative
	// Of a power beyond an int, Atoi returns the largest: no text has as many digits as
	// would be needed to make it small again.
	exponent, _ := strconv.Atoi(power)
	exponent = max(min(exponent, math.MaxInt32), math.MinInt32)
	n.exponent = exponent + len(digits) - len(fraction)
	return n
}

// UnmarshalJSON decodes a limit of a schema.
func (n *number) UnmarshalJSON(text []byte) error {
	if !strings.ContainsRune("-0123456789", rune(text[0])) {
		return errors.New("no number")
	}
	*n = parseNumber(string(text))
	return nil
}

func (n number) isInteger() bool { return len(n.digits) <= n.exponent }

// compare returns -1, 0 or 1 if a number is less than, equal to or greater than another.
func (n number) compare(other number) int {
	if sign := cmp.Compare(n.sign(), other.sign()); sign != 0 {
		return sign
	}
	// Texts of digits without zeros at the end compare as fractions do.
	return n.sign() * cmp.Or(cmp.Compare(n.exponent, other.exponent), strings.Compare(n.digits, other.digits))
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.isNegative:
		return -1
	}
	return 1
}

// Integer returns the value of a JSON number that is an integer of 64 bits. As in JSON
// Schema, 5, 5.0 and 0.5e1 are the same integer.
func Integer(text string) (int64, error) {
	errOther := errors.New("not an integer of 64 bits")
	n := parseNumber(text)
	// The largest have 19 digits.
	if !n.isInteger() || n.exponent > 19 {
		return 0, errOther
	}
	digits := "0" + n.digits + strings.Repeat("0", n.exponent-len(n.digits))
	if n.isNegative {
		digits = "-" + digits
	}
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errOther // The error of package strconv has the number.
	}
	return value, nil
}
