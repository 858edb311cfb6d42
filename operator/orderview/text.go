package orderview

import (
	"fmt"
	"strings"
	"time"

	"example.com/saga/pkg/contract"
)

// Span returns a duration with two units at most: 46 ms, 3.2 s, 1 m 52 s, 2 h 5 m or 3 d 4 h.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%g s", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d m %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d m", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}

// Amount returns an amount in the unit of its currency: 25.00 EUR.
func Amount(m contract.Money) string {
	digits := minorDigits(m.Currency)
	text := fmt.Sprintf("%0*d", digits+1, m.Amount)
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return strings.TrimSpace(text + " " + m.Currency)
}

// minorDigits returns how many digits of an amount are behind the point, by ISO 4217:
// https://www.six-group.com/en/products-services/financial-information/data-standards.html.
func minorDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// Pieces returns stock as text: 2 of 123, 1 of 456.
func Pieces(stock []contract.Stock) string {
	all := make([]string, len(stock))
	for i, s := range stock {
		all[i] = fmt.Sprintf("%d of %s", s.Quantity, s.SKU)
	}
	return strings.Join(all, ", ")
}

// Title returns the name of a party as it is written in its construct: Order of order.
func Title(party string) string {
	if party == "" {
		return ""
	}
	return strings.ToUpper(party[:1]) + party[1:]
}
