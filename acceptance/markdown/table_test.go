package markdown_test

import (
	"testing"

	"example.com/saga/acceptance/markdown"
)

func TestTheFirstRowIsTheHead(t *testing.T) {
	got := markdown.Table([][]string{{"line", "USD"}, {"secrets", "0.80"}, {"keys", "1.00"}}, "--:")
	if want := "| line | USD |\n|---|--:|\n| secrets | 0.80 |\n| keys | 1.00 |\n"; got != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
}
