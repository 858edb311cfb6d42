package required_test

import (
	"fmt"

	"example.com/saga/pkg/required"
)

func ExampleFields() {
	fmt.Println(required.Fields("publisher", map[string]bool{"Client": false, "Bus": false, "Clock": true}))
	// Output: publisher: no Bus, no Client
}
