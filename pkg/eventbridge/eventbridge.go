// Package eventbridge publishes CloudEvents on an EventBridge bus.
//
// The detail of an entry is the whole event, in structured mode. The source and the
// detail-type repeat its source and type, so that rules can match them. The
// TraceHeader repeats its traceparent, so that the bus, queues and Lambda continue the
// trace. Events are put in their order, up to ten, up to 256 KB and of one source in a
// call.
//
// An event that is invalid or larger than event.MaximumSize is not put, and its error is
// event.ErrInvalid. EventBridge may accept some entries of a call and reject others.
// Entries that were rejected with ThrottlingException or InternalFailure are put again
// alone, up to five times in all, as long as the next pause ends before the deadline of
// the context. Any other rejection (no permission, malformed) is an error at once. A
// call that fails as a whole is retried by the SDK, within its own limits.
//
// The error is a *participant.PartialError, and the other events are published. The
// caller has to publish those with an error again. They keep their ids, by which
// consumers recognise duplicates. EventBridge itself does not deduplicate.
//
// Each accepted event costs as one per 64 KB or part of it. It needs the permission
// events:PutEvents on the bus. The condition keys events:source and events:detail-type,
// with ForAllValues:StringEquals and Null, can restrict it to the events of a context.
package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

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
	errs := make(map[int]error)
	entries := make([]entry, 0, len(events))
	for i, e := range events {
		next, err := p.entry(e) //nolint:contextcheck // Its trace is the event's, not that of the call.
		if err != nil {
			errs[i] = err
			continue
		}
		entries = append(entries, entry{i, next})
	}
	for len(entries) > 0 {
		n := batchLength(entries)
		p.put(ctx, entries[:n], errs)
		entries = entries[n:]
	}
	if len(errs) > 0 {
		return &participant.PartialError{Errs: errs}
	}
	return nil
}

// entry is the entry of the event with an index.
type entry struct {
	index int
	types.PutEventsRequestEntry
}

func (p *Publisher) entry(e event.Event) (types.PutEventsRequestEntry, error) {
	detail, err := event.Encode(e)
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	entry := types.PutEventsRequestEntry{
		EventBusName: &p.config.Bus,
		Source:       aws.String(e.Source),
		DetailType:   aws.String(e.Type),
		Detail:       aws.String(string(detail)),
	}
	if header := tracing.Header(e.TraceParent); header != "" {
		entry.TraceHeader = &header
	}
	return entry, nil
}

// batchLength returns how many of the first entries fit into one call. All have the
// same source: if IAM decides on a call as a whole, two permissions for a source each do
// not allow a call with events of both.
func batchLength(entries []entry) int {
	bytes := 0
	for n, next := range entries {
		bytes += next.size()
		if n == maximumEntries || (n > 0 && bytes > maximumBatch) || *next.Source != *entries[0].Source {
			return n
		}
	}
	return len(entries)
}

// size returns the size that AWS counts of an entry, which does not include the trace
// header.
func (e entry) size() int { return len(*e.Source) + len(*e.DetailType) + len(*e.Detail) }

// put sends the entries of one call until each is accepted, or cannot be, and adds the
// error of each that is not.
func (p *Publisher) put(ctx context.Context, entries []entry, errs map[int]error) {
	for attempt := 1; ; attempt++ {
		rejected := p.putOnce(ctx, entries)
		entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
			err := rejected[e.index]
			if err != nil {
				errs[e.index] = err
			} else {
				delete(errs, e.index)
			}
			return !errors.Is(err, errRetryable)
		})
		if len(entries) == 0 || attempt == maximumAttempts {
			return
		}
		if paused := p.config.Pause(ctx, attempt); paused != nil {
			for _, e := range entries {
				errs[e.index] = fmt.Errorf("%w, and then: %w", errs[e.index], paused)
			}
			return
		}
	}
}

// errRetryable marks a rejection with one of the codes that AWS documents as retryable.
var errRetryable = errors.New("it can be put again")

// putOnce makes one call and returns the errors of the entries that are not accepted, by
// their indexes.
func (p *Publisher) putOnce(ctx context.Context, entries []entry) map[int]error {
	in := &eventbridge.PutEventsInput{}
	for _, e := range entries {
		in.Entries = append(in.Entries, e.PutEventsRequestEntry)
	}
	out, err := p.config.Client.PutEvents(ctx, in)
	if err == nil && len(out.Entries) != len(entries) {
		err = fmt.Errorf("the answer has %d entries", len(out.Entries))
	}
	rejected := make(map[int]error)
	if err != nil {
		return rejectAll(entries, err)
	}
	for i, result := range out.Entries {
		code := aws.ToString(result.ErrorCode)
		if code == "" {
			continue
		}
		err := fmt.Errorf("put %s: %s: %s", *entries[i].DetailType, code, aws.ToString(result.ErrorMessage))
		if code == "InternalFailure" || code == "ThrottlingException" {
			err = fmt.Errorf("%w (%w)", err, errRetryable)
		}
		rejected[entries[i].index] = err
	}
	if int(out.FailedEntryCount) != len(rejected) {
		return rejectAll(entries, fmt.Errorf("%d failed, but %d have an error code", out.FailedEntryCount, len(rejected)))
	}
	return rejected
}

func rejectAll(entries []entry, err error) map[int]error {
	rejected := make(map[int]error)
	for _, e := range entries {
		rejected[e.index] = fmt.Errorf("put %d events: %w", len(entries), err)
	}
	return rejected
}
