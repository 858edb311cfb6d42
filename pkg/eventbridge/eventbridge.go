// Package eventbridge publishes events on an EventBridge bus.
package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

const (
	// maximumEntries is how many entries one PutEvents call may have.
	maximumEntries = 10
	// maximumBatch bounds the bytes of one call. AWS takes 1 MiB since 2026;
	// this is the older limit, which every endpoint takes.
	maximumBatch = 256 * 1024
	// maximumAttempts bounds how often failed entries are sent again before the
	// caller's redelivery takes over.
	maximumAttempts = 5
)

// Client is the part of the EventBridge client that a Publisher uses.
type Client interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Publisher is a participant.Publisher on one bus. It needs the permission
// events:PutEvents.
//
// A PutEvents call can succeed for some entries and fail for others: those are
// sent again, alone. All ids are the event's own, so that an entry which was
// accepted although its answer was lost is recognised downstream.
type Publisher struct {
	client Client
	bus    string
	pause  func(ctx context.Context, attempt int) error
}

var _ participant.Publisher = (*Publisher)(nil)

// NewPublisher makes a publisher on the bus with this name or ARN. It waits
// with pause before it sends failed entries for the nth time (1, 2, …).
func NewPublisher(client Client, bus string, pause func(ctx context.Context, n int) error) *Publisher {
	return &Publisher{client: client, bus: bus, pause: pause}
}

// Publish implements participant.Publisher.
func (p *Publisher) Publish(ctx context.Context, events ...event.Event) error {
	entries := make([]types.PutEventsRequestEntry, 0, len(events))
	for _, e := range events {
		detail, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("%w: %w", event.ErrInvalid, err)
		}
		entries = append(entries, types.PutEventsRequestEntry{
			EventBusName: &p.bus,
			Source:       aws.String(e.Source),
			DetailType:   aws.String(e.Type),
			Detail:       aws.String(string(detail)),
		})
	}
	for len(entries) > 0 {
		n := batch(entries)
		if err := p.put(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// batch tells how many of the first entries fit into one call.
func batch(entries []types.PutEventsRequestEntry) int {
	bytes := 0
	for n, entry := range entries {
		bytes += size(entry)
		if n == maximumEntries || (n > 0 && bytes > maximumBatch) {
			return n
		}
	}
	return len(entries)
}

// size is what AWS counts of an entry.
func size(entry types.PutEventsRequestEntry) int {
	return len(*entry.Source) + len(*entry.DetailType) + len(*entry.Detail)
}

// put sends the entries of one call until each is accepted.
func (p *Publisher) put(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	for attempt := 1; ; attempt++ {
		out, err := p.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return fmt.Errorf("put %d events: %w", len(entries), err)
		}
		failed, err := rejected(entries, out)
		if len(failed) == 0 || attempt == maximumAttempts {
			return err
		}
		entries = failed
		if err := p.pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// rejected gives the entries that were not accepted, in order, and an error
// that tells why the first was not. Only what AWS calls retryable is worth
// sending again; for anything else it gives no entries.
func rejected(entries []types.PutEventsRequestEntry, out *eventbridge.PutEventsOutput) ([]types.PutEventsRequestEntry, error) {
	if len(out.Entries) != len(entries) {
		return nil, fmt.Errorf("put %d events, but %d were answered", len(entries), len(out.Entries))
	}
	var failed []types.PutEventsRequestEntry
	var first error
	for i, result := range out.Entries {
		code := aws.ToString(result.ErrorCode)
		if code == "" {
			continue
		}
		err := fmt.Errorf("put %s: %s: %s", *entries[i].DetailType, code, aws.ToString(result.ErrorMessage))
		if code != "InternalFailure" && code != "ThrottlingException" {
			return nil, err
		}
		failed = append(failed, entries[i])
		if first == nil {
			first = err
		}
	}
	if int(out.FailedEntryCount) != len(failed) {
		return nil, fmt.Errorf("put %d events: %d have failed, but %d say why", len(entries), out.FailedEntryCount, len(failed))
	}
	return failed, first
}
