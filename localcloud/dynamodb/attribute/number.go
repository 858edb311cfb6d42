package attribute

import (
	"math/big"
	"strconv"
	"strings"

	"example.com/saga/localcloud/wire"
)

// The limits of a number: DynamoDB keeps 38 significant digits and magnitudes
// from 1E-130 to 9.99…E+125.
const (
	maximumDigits   = 38
	maximumExponent = 125
	minimumExponent = -130
)

// number is a decimal in its only normal form, so that two numbers are equal
// exactly if the structs are: digits have neither leading nor trailing zeros,
// and the value is d.ddd × 10^exponent. Zero has no digits.
type number struct {
	negative bool
	digits   string
	exponent int
}

// parseNumber reads a number as clients send it: 12, -0.5, 1.2E+3.
func parseNumber(text string) (number, error) {
	mantissa, power, hasPower := cutAny(text, "eE")
	exponent := 0
	if hasPower {
		parsed, err := strconv.Atoi(power)
		// A power that does not fit in an integer is only too large or too small:
		// Atoi then returns the nearest integer, which is out of range.
		if err != nil && strings.Trim(strings.TrimLeft(power, "+-"), "0123456789") != "" || power == "" {
			return number{}, notNumeric(text)
		}
		exponent = max(min(parsed, 1<<30), -1<<30)
	}
	negative := strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return number{}, notNumeric(text)
	}
	return normalise(negative, digits, exponent+len(whole)-1)
}

// normalise returns a number of d.ddd × 10^exponent and checks its limits.
func normalise(negative bool, digits string, exponent int) (number, error) {
	significant := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(significant)
	significant = strings.TrimRight(significant, "0")
	switch {
	case significant == "":
		return number{}, nil
	case exponent > maximumExponent:
		return number{}, wire.ValidationError("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case exponent < minimumExponent:
		return number{}, wire.ValidationError("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(significant) > maximumDigits:
		return number{}, wire.ValidationError("Attempting to store more than %d significant digits in a Number", maximumDigits)
	}
	return number{negative: negative, digits: significant, exponent: exponent}, nil
}

func notNumeric(text string) error {
	if text == "" {
		return wire.ValidationError("The parameter cannot be converted to a numeric value")
	}
	return wire.ValidationError("The parameter cannot be converted to a numeric value: %s", text)
}

func cutAny(text, separators string) (before, after string, found bool) {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// plus adds exactly. A sum that needs more digits than a number has is refused
// rather than rounded.
func (n number) plus(m number) (number, error) {
	scale := min(n.scale(), m.scale())
	sum := new(big.Int).Add(n.integer(scale), m.integer(scale))
	digits := new(big.Int).Abs(sum).String()
	return normalise(sum.Sign() < 0, digits, len(digits)-1+scale)
}

func (n number) negated() number {
	if n.digits != "" {
		n.negative = !n.negative
	}
	return n
}

// scale is the power of ten of the last digit.
func (n number) scale() int { return n.exponent - max(len(n.digits)-1, 0) }

// integer is n / 10^scale, for a scale no larger than n's own.
func (n number) integer(scale int) *big.Int {
	value := new(big.Int)
	if n.digits == "" {
		return value
	}
	value.SetString(n.digits+strings.Repeat("0", n.scale()-scale), 10)
	if n.negative {
		value.Neg(value)
	}
	return value
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// compare orders by value.
func (n number) compare(m number) int {
	if n.sign() != m.sign() {
		return n.sign() - m.sign()
	}
	order := n.exponent - m.exponent
	if order == 0 {
		order = strings.Compare(n.digits, m.digits)
	}
	return order * n.sign()
}

// text writes the number without a power of ten, as DynamoDB returns it.
func (n number) text() string {
	if n.digits == "" {
		return "0"
	}
	sign := ""
	if n.negative {
		sign = "-"
	}
	switch {
	case n.exponent < 0:
		return sign + "0." + strings.Repeat("0", -n.exponent-1) + n.digits
	case n.exponent >= len(n.digits)-1:
		return sign + n.digits + strings.Repeat("0", n.exponent-len(n.digits)+1)
	}
	return sign + n.digits[:n.exponent+1] + "." + n.digits[n.exponent+1:]
}

// size is the documented estimate: one byte for each two significant digits
// and one more, and one for the sign of a negative number.
func (n number) size() int {
	size := (len(n.digits)+1)/2 + 1
	if n.negative {
		size++
	}
	return size
}
