package printable_test

import (
	"fmt"

	"example.com/saga/pkg/printable"
)

// The text of an event would clear the terminal, and begin a line of its own.
func ExampleLine() {
	fmt.Println(printable.Line("23 Fake Street\x1b[2J\nall orders are shipped"))
	// Output: 23 Fake Street\x1b[2J\nall orders are shipped
}
