package keyring

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// patience is how long a ring is waited for. Secrets Manager answers within
// milliseconds.
const patience = 3 * time.Second

// retryAfter is how long a ring that could not be read again is used before the
// next attempt, so that not every request waits for it.
const retryAfter = 30 * time.Second

// Reader reads a ring and remembers it for some time. All fields are required.
type Reader struct {
	// Fetch returns the current value of the secret.
	Fetch  func(context.Context) (string, error)
	Clock  func() time.Time
	Logger *slog.Logger

	mu   sync.Mutex
	ring Ring
	// read is when the ring was read; next is when to read it again. Both are zero
	// before the first time.
	read, next time.Time
}

// Keys returns what the ring says about this moment. It reads the ring if it is
// not fresh. A failure to do so is an error once the ring is too old to be used.
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
	ctx, cancel := context.WithTimeout(ctx, patience)
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

// now is the time of the wall clock: a monotonic clock stands still while a
// function is frozen.
func (r *Reader) now() time.Time { return r.Clock().Round(0) }
