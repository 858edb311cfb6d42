package participant

import (
	"context"
	"fmt"

	"example.com/saga/pkg/event"
)

// Republish publishes again, with the same ids, all that a record says was
// published: for who finds that nothing came of it, and cannot know whether it
// was published at all.
func (p *Participant[S]) Republish(ctx context.Context, record Record) error {
	var events []event.Event
	for _, handled := range record.Handled {
		events = append(events, handled.Published...)
	}
	if len(events) == 0 {
		return nil
	}
	if err := p.config.Publisher.Publish(ctx, events...); err != nil {
		return fmt.Errorf("%s publishes again what it said about %s: %w: %w", p.config.Source, record.Subject, ErrUnpublished, err)
	}
	return nil
}
