// Package eventbridge publishes CloudEvents on an EventBridge bus.
//
// The detail of an entry is the whole event, in structured mode. The source and the
// detail-type repeat its source and type, so that rules can match them. The
// TraceHeader repeats its traceparent, so that the bus, queues and Lambda continue the
// trace. Events are put in their order, up to ten and up to 256 KB in a call.
//
// If an event is invalid or larger than event.MaximumSize, event.ErrInvalid is
// returned and none is put. EventBridge may accept some entries of a call and reject
// others. Entries that were rejected with ThrottlingException or InternalFailure are
// put again alone, up to five times in all, as long as the next pause ends before the
// deadline of the context. Any other rejection (no permission, malformed) is an error
// at once. A call that fails as a whole is retried by the SDK, within its own limits.
//
// After an error some events may be published, and the caller has to publish all of
// them again. They keep their ids, by which consumers recognise duplicates.
// EventBridge itself does not deduplicate.
//
// Each accepted event costs as one per 64 KB or part of it. It needs the permission
// events:PutEvents on the bus; the condition keys events:source and
// events:detail-type can restrict it to the events of a context.
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
	// maximumBatch is the maximum of bytes in one call. AWS accepts 1 MiB since
	// 2026; this is the older limit, which every endpoint accepts.
	maximumBatch = 256 * 1024
	// maximumAttempts is how often an entry is put before redelivery is left to the
	// caller.
	maximumAttempts = 5
)

// Client is the part of the EventBridge client that a Publisher uses.
type Client interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Config is the configuration of a Publisher. A field without a default is required.
type Config struct {
	Client Client
	// Bus is the name or the ARN of the bus.
	Bus string
	// Pause waits before failed entries are put again for the nth time (1, 2, …).
	// If it returns an error, Publish returns. The default is participant.Jitter,
	// which fails at once if there is no time left to wait.
	Pause func(ctx context.Context, n int) error
}

// Publisher is a participant.Publisher on one bus.
type Publisher struct {
	config Config
}

var _ participant.Publisher = (*Publisher)(nil)

// NewPublisher makes a publisher. The error names every required field that is
// missing.
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
		//nolint:contextcheck // The header depends on the event alone.
		if header := tracing.Header(e.TraceParent); header != "" {
			entry.TraceHeader = &header
		}
		entries = append(entries, entry)
	}
	for len(entries) > 0 {
		n := batchLength(entries)
		if err := p.put(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// batchLength returns how many of the first entries fit into one call.
func batchLength(entries []types.PutEventsRequestEntry) int {
	bytes := 0
	for n, entry := range entries {
		bytes += entrySize(entry)
		if n == maximumEntries || (n > 0 && bytes > maximumBatch) {
			return n
		}
	}
	return len(entries)
}

// entrySize returns the size that AWS counts of an entry, which does not include the
// trace header.
func entrySize(entry types.PutEventsRequestEntry) int {
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

// rejected returns the entries that were rejected and can be put again, in order, and
// the error of the first. If an entry was rejected with any other code than the two
// that AWS documents as retryable, it returns no entries.
func rejected(entries []types.PutEventsRequestEntry, out *eventbridge.PutEventsOutput) ([]types.PutEventsRequestEntry, error) {
	if len(out.Entries) != len(entries) {
		return nil, fmt.Errorf("put %d events, but the answer has %d entries", len(entries), len(out.Entries))
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
		return nil, fmt.Errorf("put %d events: %d failed, but %d have an error code", len(entries), out.FailedEntryCount, len(failed))
	}
	return failed, first
}
