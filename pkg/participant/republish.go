package participant

import (
	"context"
	"fmt"

	"example.com/saga/pkg/event"
)

// Republish publishes the events of a record again, with the same ids, but for those of
// which an effect has come back. Use it when no consumer reacted and it is unknown
// whether the events were published.
func (p *Participant[S]) Republish(ctx context.Context, record Record) error {
	var events []event.Event
	for _, handled := range record.Handled {
		events = append(events, unsettled(handled.Published)...)
	}
	if len(events) == 0 {
		return nil
	}
	if err := p.config.Publisher.Publish(ctx, events...); err != nil {
		return fmt.Errorf("%s republishes the events of %s: %w: %w", p.config.Source, record.Subject, ErrUnpublished, err)
	}
	return nil
}
