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

// parseNumber reads a number as clients send it: 12, -0.5, 1.2E+3. It returns it in its
// normal form, in which equal numbers are equal texts: without a power of ten, and
// without zeros that change nothing.
func parseNumber(text string) (string, error) {
	mantissa, power, hasPower := cutAny(text, "eE")
	exponent := 0
	if hasPower {
		parsed, err := strconv.Atoi(power)
		// A power that does not fit in an integer is only too large or too small:
		// Atoi then returns the nearest integer, which is out of range.
		if err != nil && strings.Trim(strings.TrimLeft(power, "+-"), "0123456789") != "" || power == "" {
			return "", notNumeric(text)
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
		return "", notNumeric(text)
	}
	return normalise(negative, digits, exponent+len(whole)-1)
}

// normalise checks the limits of d.ddd × 10^exponent and returns its normal form.
func normalise(negative bool, digits string, exponent int) (string, error) {
	significant := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(significant)
	significant = strings.TrimRight(significant, "0")
	switch {
	case significant == "":
		return "0", nil
	case exponent > maximumExponent:
		return "", wire.ValidationError("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case exponent < minimumExponent:
		return "", wire.ValidationError("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(significant) > maximumDigits:
		return "", wire.ValidationError("Attempting to store more than %d significant digits in a Number", maximumDigits)
	}
	sign := ""
	if negative {
		sign = "-"
	}
	switch {
	case exponent < 0:
		return sign + "0." + strings.Repeat("0", -exponent-1) + significant, nil
	case exponent >= len(significant)-1:
		return sign + significant + strings.Repeat("0", exponent-len(significant)+1), nil
	}
	return sign + significant[:exponent+1] + "." + significant[exponent+1:], nil
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

// rational returns the number in a normal form.
func rational(text string) *big.Rat {
	parsed, _ := new(big.Rat).SetString(text)
	return parsed
}

// exact returns a sum of numbers as a number. A sum that needs more digits than a
// number has is refused rather than rounded.
func exact(sum *big.Rat) (Value, error) {
	return Number(sum.FloatString(maximumDigits - minimumExponent)) // no digit is further behind the point
}

// numberSize is the documented estimate: one byte for each two significant digits and
// one more, and one for the sign of a negative number.
func numberSize(text string) int {
	digits, isNegative := strings.CutPrefix(text, "-")
	size := (len(strings.Trim(strings.Replace(digits, ".", "", 1), "0"))+1)/2 + 1
	if isNegative {
		size++
	}
	return size
}
