package apidestination

import (
	"context"
	"sync"
	"time"

	"example.com/saga/localcloud/wire"
)

// A rateLimiter is a token bucket. It holds a second's worth of tokens; a
// caller that finds none waits for the next one.
type rateLimiter struct {
	rate  float64
	clock func() time.Time

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newRateLimiter(perSecond int, clock func() time.Time) *rateLimiter {
	rate := float64(perSecond)
	return &rateLimiter{rate: rate, clock: clock, tokens: rate, filled: clock()}
}

// wait blocks until the caller may proceed, or the context ends.
func (l *rateLimiter) wait(ctx context.Context) error {
	if delay := l.reserve(); delay > 0 {
		return wire.Sleep(ctx, delay)
	}
	return nil
}

// reserve takes a token, on credit if there is none, and returns how long it
// takes until that token is there.
func (l *rateLimiter) reserve() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.tokens = min(l.rate, l.tokens+now.Sub(l.filled).Seconds()*l.rate)
	l.filled = now
	l.tokens--
	return time.Duration(-l.tokens / l.rate * float64(time.Second))
}
