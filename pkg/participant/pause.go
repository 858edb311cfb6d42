package participant

import (
	"context"
	"time"
)

// Jitter makes a Pause: a random part, given by random in [0, 1), of a time
// that doubles with every attempt from 10 milliseconds on.
func Jitter(random func() float64) func(ctx context.Context, n int) error {
	return func(ctx context.Context, n int) error {
		timer := time.NewTimer(time.Duration(random() * float64(5*time.Millisecond<<n)))
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
