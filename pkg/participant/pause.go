package participant

import (
	"context"
	"fmt"
	"time"
)

// Jitter makes a Pause of random length: random, in [0, 1), times a limit of 10
// milliseconds that doubles with each further attempt. A pause that
// would not end before the deadline of ctx returns an error at once, so that there
// is time left to report the error.
func Jitter(random func() float64) func(ctx context.Context, n int) error {
	return func(ctx context.Context, n int) error {
		pause := time.Duration(random() * float64(5*time.Millisecond<<n))
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) <= pause {
			return fmt.Errorf("no time for another attempt: %w", context.DeadlineExceeded)
		}
		select {
		case <-time.After(pause):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
