package participant

import (
	"context"
	"fmt"
	"time"
)

// Jitter makes a Pause: a random part, given by random in [0, 1), of a time
// that doubles with every attempt from 10 milliseconds on. A pause that would
// not end before the deadline of its context is not begun, because what little
// time is left is better spent on saying why.
func Jitter(random func() float64) func(ctx context.Context, n int) error {
	return func(ctx context.Context, n int) error {
		pause := time.Duration(random() * float64(5*time.Millisecond<<n))
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) <= pause {
			return fmt.Errorf("no time for another attempt: %w", context.DeadlineExceeded)
		}
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
