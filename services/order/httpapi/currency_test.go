package httpapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"
)

func TestTheCurrenciesAreThoseOfALibraryThatFollowsISO4217(t *testing.T) {
	want := slices.Sorted(slices.Values(currency.GetCurrencyCodes()))
	if diff := cmp.Diff(want, strings.Fields(currencies)); diff != "" {
		t.Errorf("the currencies (- library, + code):\n%s", diff)
	}
	for _, code := range want {
		if !isCurrency(code) {
			t.Errorf("%s is no currency", code)
		}
	}
	for _, text := range []string{"", " ", "EU", "eur", "EUR USD", "R U"} {
		if isCurrency(text) {
			t.Errorf("%q is a currency", text)
		}
	}
}
