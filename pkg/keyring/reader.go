package keyring

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// fetchTimeout is the timeout of a read of the ring. Secrets Manager answers within
// milliseconds.
const fetchTimeout = 3 * time.Second

// retryAfter is the time from a failed read to the next one, so that not every request
// waits for a read.
const retryAfter = 30 * time.Second

// Reader reads a ring and caches it. All fields are required.
type Reader struct {
	// Fetch returns the current value of the secret.
	Fetch  func(context.Context) (string, error)
	Clock  func() time.Time
	Logger *slog.Logger

	mu   sync.Mutex
	ring Ring
	// read is when the ring was read, and next when it is to be read again. Both are
	// zero before the first read.
	read, next time.Time
}

// Keys returns the keys at the current time. It reads the ring if that is not fresh. An
// error is returned if the read fails and the cached ring is older than UsableFor.
func (r *Reader) Keys(ctx context.Context) (Keys, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); !now.Before(r.next) || now.Before(r.read) {
		if err := r.refresh(ctx, now); err != nil {
			return Keys{}, err
		}
	}
	return r.ring.At(r.now()), nil
}

func (r *Reader) refresh(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	ring, err := r.fetch(ctx)
	if err == nil {
		r.ring, r.read, r.next = ring, now, now.Add(FreshFor)
		return nil
	}
	unusable := r.read.Add(UsableFor)
	if r.read.IsZero() || now.Before(r.read) || !now.Before(unusable) {
		return err
	}
	r.next = now.Add(retryAfter)
	if r.next.After(unusable) {
		r.next = unusable
	}
	r.Logger.WarnContext(ctx, "an older key ring is used",
		slog.Time("read", r.read), slog.Time("until", unusable), slog.String("error", err.Error()))
	return nil
}

func (r *Reader) fetch(ctx context.Context) (Ring, error) {
	value, err := r.Fetch(ctx)
	if err != nil {
		return Ring{}, fmt.Errorf("read the key ring: %w", err)
	}
	return Parse(value)
}

// now returns the time of the wall clock: the monotonic clock stops while a function is
// frozen.
func (r *Reader) now() time.Time { return r.Clock().Round(0) }
