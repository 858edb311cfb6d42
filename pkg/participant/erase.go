package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Tombstone returns what is left of a state that is erased: that it was erased, and
// nothing personal. The adjustments reverse what other items have because of the
// state. An error is returned if the saga has not ended.
type Tombstone[S any] func(S) (S, []Adjustment, error)

// Erase replaces all that is recorded about a subject by a tombstone: its state,
// what was handled, and what was published because of it. A subject without a record
// gets a tombstone too, so that a replay cannot start a forgotten saga again.
//
// For later events of the subject Decide is still called, but whatever it returns,
// nothing is written and nothing is published. The tombstone is kept until no event
// that was published before the erasure can be handled any more.
//
// The events in the record that are not older than the retention are published once more
// before it is erased, because it is unknown whether all of them were.
//
// Erase is idempotent. After an error it must be called again.
func (p *Participant[S]) Erase(ctx context.Context, subject string, tombstone Tombstone[S]) error {
	for attempt := 1; ; attempt++ {
		err := p.erase(ctx, subject, tombstone)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s erases %s: %w", p.config.Source, subject, err)
		if attempt == maximumAttempts || !errors.Is(err, ErrConflict) {
			return err
		}
		if paused := p.config.Pause(ctx, attempt); paused != nil {
			return fmt.Errorf("%w, and then: %w", err, paused)
		}
	}
}

// erase makes one attempt to load, republish and commit.
func (p *Participant[S]) erase(ctx context.Context, subject string, tombstone Tombstone[S]) error {
	state, record, err := p.Load(ctx, subject)
	if err != nil || record.Erased {
		return err
	}
	left, adjustments, err := tombstone(state)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(left)
	if err != nil {
		return fmt.Errorf("encode the tombstone: %w", err)
	}
	// A process may have stopped before it had published all, and a redelivery
	// cannot publish what is erased: the end of an order would not be notified.
	if err := p.Republish(ctx, p.recent(record)); err != nil {
		return err
	}
	return p.config.Store.Commit(ctx, Record{
		Subject:   subject,
		Owner:     p.config.Source,
		Version:   record.Version,
		State:     encoded,
		ExpiresAt: p.config.Clock().UTC().Add(p.config.Retention + retentionMargin),
		Erased:    true,
	}, adjustments)
}

// recent returns a record without what was handled before the retention: every consumer
// refuses the events that were published then. A record is kept for longer than that if
// it has an entry.
func (p *Participant[S]) recent(record Record) Record {
	oldest := p.config.Clock().Add(-p.config.Retention)
	record.Handled = slices.DeleteFunc(slices.Clone(record.Handled), func(h Handled) bool { return h.HandledAt.Before(oldest) })
	return record
}
