package sqsbody_test

import (
	"fmt"

	"example.com/saga/pkg/sqsbody"
)

// SQS rejects U+0001 in a body.
func ExampleEncode() {
	const body = "100 %\x01"
	fmt.Println(sqsbody.Check(body))
	encoded, encoding := sqsbody.Encode(body)
	fmt.Println(encoded, encoding)
	decoded, err := sqsbody.Decode(encoded, encoding)
	fmt.Println(decoded == body, err)
	// Output:
	// SQS rejects U+0001 at byte 5 of the body
	// 100 %25%01 percent
	// true <nil>
}
