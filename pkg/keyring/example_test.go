package keyring_test

import (
	"fmt"
	"strings"
	"time"

	"example.com/saga/pkg/keyring"
)

// A ring gets a new key. It becomes active once every process has read it, and what was
// derived from the older key is still found.
func ExampleRing_Rotate() {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	first, err := keyring.Parse(`{"key": "` + strings.Repeat("first", 10) + `"}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ring, active, err := first.Rotate(now, strings.Repeat("later", 10))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range []time.Time{now, active} {
		keys := ring.At(at)
		fmt.Printf("%s: %.5s is active, %d older, %d waiting\n", at.Format(time.DateTime), keys.Active, len(keys.Older), len(keys.Waiting))
	}
	// Output:
	// 2026-03-04 05:06:07: first is active, 0 older, 1 waiting
	// 2026-03-04 07:06:07: later is active, 1 older, 0 waiting
}
