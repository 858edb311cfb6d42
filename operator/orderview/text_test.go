package orderview_test

import (
	"testing"
	"time"

	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
)

func TestADurationHasAtMostTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0 ms",
		46*time.Millisecond + 900:             "46 ms",
		999 * time.Millisecond:                "999 ms",
		time.Second:                           "1 s",
		3290 * time.Millisecond:               "3.2 s",
		59*time.Second + 900*time.Millisecond: "59 s",
		112 * time.Second:                     "1 m 52 s",
		2*time.Hour + 5*time.Minute:           "2 h 5 m",
		76 * time.Hour:                        "3 d 4 h",
	} {
		if got := orderview.Span(d); got != want {
			t.Errorf("%s is %s, and not %s", d, got, want)
		}
	}
}

func TestAnAmountHasTheDigitsOfItsCurrency(t *testing.T) {
	for want, m := range map[string]contract.Money{
		"25.00 EUR":  {Amount: 2500, Currency: "EUR"},
		"0.05 USD":   {Amount: 5, Currency: "USD"},
		"2500 JPY":   {Amount: 2500, Currency: "JPY"},
		"2.500 KWD":  {Amount: 2500, Currency: "KWD"},
		"0.2500 UYW": {Amount: 2500, Currency: "UYW"},
		"0.00":       {},
	} {
		if got := orderview.Amount(m); got != want {
			t.Errorf("%+v is %s, and not %s", m, got, want)
		}
	}
}
