// Package await waits in tests, for a condition and never for a fixed time.
package await

import (
	"testing"
	"time"
)

// Patience bounds every wait. Waits end as soon as what they wait for is there.
const Patience = 2 * time.Minute

// pause is the time between two looks at a condition.
const pause = 20 * time.Millisecond

// Until waits until a condition returns no error. It fails the test after Patience, with
// what it waited for and the last error.
func Until(tb testing.TB, what string, condition func() error) {
	tb.Helper()
	late := time.After(Patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-late:
			tb.Fatalf("waited %s for: %s: %v", Patience, what, err)
		case <-time.After(pause):
		}
	}
}
