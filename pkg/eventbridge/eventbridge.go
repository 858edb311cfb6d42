// Package eventbridge publishes CloudEvents on an EventBridge bus.
//
// The detail of an entry is the whole event, in structured mode; source and
// detail-type repeat its source and type, for rules to match. Its traceparent is
// the entry's TraceHeader too, with which the bus, queues and Lambda go on with
// the trace. Events are put in their order, ten in a call and not more than 256 KB.
//
// An event that is invalid or larger than event.MaximumSize is event.ErrInvalid,
// and then none is put. EventBridge may accept some entries of a call and not
// others: those that it calls throttled or failed inside are put again alone, up
// to five times in all, as long as the next pause ends before the context's
// deadline. Any other refusal (no permission, malformed) is an error at once. A
// call that fails as a whole is tried again by the SDK, within its own limits.
//
// After an error some events may be published, and all are to be published
// again: they have their ids from the caller, so that one which comes twice is
// recognised. EventBridge itself does not de-duplicate.
//
// A call is billed per event of 64 KB or part of it, when it is accepted. The
// permission is events:PutEvents on the bus; the conditions events:source and
// events:detail-type can restrict it to what a context publishes.
package eventbridge

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/tracing"
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

// Config says where a Publisher publishes. What has no default is required.
type Config struct {
	Client Client
	// Bus is the name or the ARN of the bus.
	Bus string
	// Pause waits before failed entries are put again for the nth time (1, 2, …).
	// If it returns an error, the publisher gives up. The default is
	// participant.Jitter, which fails at once if there is no time left to wait.
	Pause func(ctx context.Context, n int) error
}

// Publisher is a participant.Publisher on one bus.
type Publisher struct {
	config Config
}

var _ participant.Publisher = (*Publisher)(nil)

// NewPublisher makes a publisher. An error names all that is missing.
func NewPublisher(config Config) (*Publisher, error) {
	if err := required.Fields("eventbridge.Config", map[string]bool{
		"Client": config.Client != nil,
		"Bus":    config.Bus != "",
	}); err != nil {
		return nil, err
	}
	if config.Pause == nil {
		config.Pause = participant.Jitter(rand.Float64)
	}
	return &Publisher{config}, nil
}

// Publish implements participant.Publisher.
func (p *Publisher) Publish(ctx context.Context, events ...event.Event) error {
	entries := make([]types.PutEventsRequestEntry, 0, len(events))
	for _, e := range events {
		detail, err := event.Encode(e)
		if err != nil {
			return err
		}
		entry := types.PutEventsRequestEntry{
			EventBusName: &p.config.Bus,
			Source:       aws.String(e.Source),
			DetailType:   aws.String(e.Type),
			Detail:       aws.String(string(detail)),
		}
		//nolint:contextcheck // A header is made of the event alone.
		if header := tracing.Header(e.TraceParent); header != "" {
			entry.TraceHeader = &header
		}
		entries = append(entries, entry)
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

// size is what AWS counts of an entry: the trace header is free.
func size(entry types.PutEventsRequestEntry) int {
	return len(*entry.Source) + len(*entry.DetailType) + len(*entry.Detail)
}

// put sends the entries of one call until each is accepted.
func (p *Publisher) put(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	for attempt := 1; ; attempt++ {
		out, err := p.config.Client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return fmt.Errorf("put %d events: %w", len(entries), err)
		}
		failed, err := rejected(entries, out)
		if len(failed) == 0 || attempt == maximumAttempts {
			return err
		}
		if paused := p.config.Pause(ctx, attempt); paused != nil {
			return fmt.Errorf("%w, and then: %w", err, paused)
		}
		entries = failed
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
