package wire

import (
	"context"
	"time"
)

type delayKey struct{}

// WithDelay returns a context for a call that takes longer than its work: wait returns
// when the call may be answered.
func WithDelay(ctx context.Context, wait func()) context.Context {
	return context.WithValue(ctx, delayKey{}, wait)
}

// Delay returns the wait of a call, for what has to happen between the work and the
// answer, or nil if the call has none.
func Delay(ctx context.Context) func() {
	wait, _ := ctx.Value(delayKey{}).(func())
	return wait
}

// Sleep waits for so long. The context's error is returned if it ends first.
func Sleep(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
