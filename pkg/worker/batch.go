// Package worker has the doors through which events reach a Lambda function:
// batches of SQS messages and direct invocations by EventBridge. Every record
// has its own fate.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/telemetry"
)

// Handle handles one event. An error that is event.ErrInvalid can never be
// cured by another try; every other can.
type Handle func(ctx context.Context, e event.Event) error

// DeadLetters keeps what can never be handled, whole, with the reason.
type DeadLetters interface {
	Send(ctx context.Context, letter Letter) error
}

// Letter is a message for the dead-letter queue.
type Letter struct {
	// ID identifies the message: sending a letter twice is harmless.
	ID string
	// Group is the FIFO message group, if there is one.
	Group string
	Body  string
	Err   error
}

// Door leads events to a Handle. All fields are required.
type Door struct {
	Handle      Handle
	DeadLetters DeadLetters
	Logger      *slog.Logger
	Clock       func() time.Time
	// Parallelism is how many message groups of a batch are worked on at the
	// same time. On a standard queue every message is a group of its own.
	Parallelism int
}

// reserve is kept free at the end of an invocation to answer in time: what is
// not begun by then goes back to the queue.
const reserve = 500 * time.Millisecond

// Batch handles a batch of SQS messages and answers which of them are to be
// delivered again. A message group goes on only as far as its first failure, so
// that its order is kept; the other groups are not held up by it.
//
// The event source mapping must have ReportBatchItemFailures, else AWS takes
// every answer for a success of the whole batch.
func (d *Door) Batch(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	ctx, cancel := withReserve(ctx)
	defer cancel()

	failures := failures{ids: []events.SQSBatchItemFailure{}}
	var group errgroup.Group
	group.SetLimit(d.Parallelism)
	for _, messages := range byGroup(batch.Records) {
		group.Go(func() error {
			for i, message := range messages {
				if !d.message(ctx, message) {
					failures.add(messages[i:])
					return nil
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return events.SQSEventResponse{BatchItemFailures: failures.ids}, err
}

// message handles one message and tells whether it is done with.
func (d *Door) message(ctx context.Context, message events.SQSMessage) bool {
	if ctx.Err() != nil {
		d.Logger.WarnContext(ctx, "out of time, the message goes back to the queue", slog.String("message_id", message.MessageId))
		return false
	}
	letter := Letter{ID: message.MessageId, Group: message.Attributes["MessageGroupId"], Body: message.Body}
	return d.event(ctx, letter) == nil
}

// event handles one event given by its JSON. An invalid one is a success as
// soon as it is in the dead-letter queue, and not before.
func (d *Door) event(ctx context.Context, letter Letter) error {
	began := d.Clock()
	e, err := event.Parse([]byte(letter.Body))
	ctx = telemetry.WithCorrelation(ctx, e.CorrelationID, e.Subject)
	if err == nil {
		err = d.safely(ctx, e)
	}
	outcome := telemetry.Handled
	switch {
	case errors.Is(err, event.ErrInvalid):
		outcome = telemetry.Invalid
		letter.Err = err
		if failed := d.DeadLetters.Send(ctx, letter); failed != nil {
			err = fmt.Errorf("%w, and the dead-letter queue does not take it: %w", err, failed)
			outcome = telemetry.Failed
		}
	case err != nil:
		outcome = telemetry.Failed
	}
	telemetry.LogEvent(ctx, d.Logger, telemetry.Outcome{
		Type: e.Type, ID: e.ID, Result: outcome, At: began, Duration: d.Clock().Sub(began), Err: err,
	})
	if outcome == telemetry.Failed {
		return err
	}
	return nil
}

// safely makes a panic in one event that event's failure.
func (d *Door) safely(ctx context.Context, e event.Event) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return d.Handle(ctx, e)
}

func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// byGroup splits a batch into what must be handled in order.
func byGroup(records []events.SQSMessage) [][]events.SQSMessage {
	var groups [][]events.SQSMessage
	index := make(map[string]int)
	for _, record := range records {
		group := record.Attributes["MessageGroupId"]
		fifo := strings.HasSuffix(record.EventSourceARN, ".fifo")
		i, known := index[group]
		if !fifo || !known {
			i = len(groups)
			groups = append(groups, nil)
			index[group] = i
		}
		groups[i] = append(groups[i], record)
	}
	return groups
}

type failures struct {
	mu  sync.Mutex
	ids []events.SQSBatchItemFailure
}

func (f *failures) add(messages []events.SQSMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, message := range messages {
		f.ids = append(f.ids, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
	}
}
