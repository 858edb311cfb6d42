package contract_test

import (
	"testing"

	"example.com/saga/pkg/contract"
)

// Every function compiles the schemas when it starts.
func BenchmarkNewLanguage(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := contract.NewLanguage(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	language := newLanguage(b)
	description, err := language.Describe(contract.StockReserved{})
	if err != nil {
		b.Fatal(err)
	}
	e := sealed(b, language, description.Example)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := language.Decode(e); err != nil {
			b.Fatal(err)
		}
	}
}
