package ijson_test

import (
	"fmt"

	"example.com/saga/pkg/ijson"
)

// Readers differ on which of two members counts, and some ignore the case of a name.
func ExampleCheck() {
	fmt.Println(ijson.Check([]byte(`{"order": {"price": 12}}`)))
	fmt.Println(ijson.Check([]byte(`{"order": {"price": 12, "Price": 1}}`)))
	// Output:
	// <nil>
	// a member that differs from another in case alone at /order/Price
}
