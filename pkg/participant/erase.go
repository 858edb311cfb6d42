package participant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Tombstone returns what stays of a state that is erased: that it is, and nothing
// personal. The adjustments take back what other items hold because of the state,
// such as the points of a customer. It returns an error for a state that has not
// ended.
type Tombstone[S any] func(S) (S, []Adjustment, error)

// Erase replaces all that is recorded about a subject by a tombstone: its state,
// what was handled, and what was published because of it. A subject of which
// nothing is recorded gets a tombstone too, so that a replay cannot begin what
// this context has forgotten.
//
// Events about the subject are still decided on, and a decision must ignore them:
// whatever it is, nothing is written and nothing is published. The tombstone is
// remembered until no event that was published before could be handled any more.
//
// What the record says was published is published once more before it is erased,
// because it may never have been.
//
// It is safe to erase again, and after an error it is to be erased again.
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

// erase loads and commits once.
func (p *Participant[S]) erase(ctx context.Context, subject string, tombstone Tombstone[S]) error {
	state, record, err := p.Load(ctx, subject)
	if err != nil || record.Erased {
		return err
	}
	left, adjustments, err := tombstone(state)
	if err != nil {
		return err
	}
	if err := checkAdjustments(adjustments); err != nil {
		return err
	}
	encoded, err := json.Marshal(left)
	if err != nil {
		return fmt.Errorf("encode the tombstone: %w", err)
	}
	// A process may have died before it published all, and no redelivery publishes
	// the rest of what is erased: the end of an order would not be notified.
	if err := p.Republish(ctx, record); err != nil {
		return err
	}
	return p.config.Store.Commit(ctx, Record{
		Subject:   subject,
		Version:   record.Version,
		State:     encoded,
		ExpiresAt: p.config.Clock().UTC().Add(p.config.Retention + retentionMargin),
		Erased:    true,
	}, adjustments)
}
