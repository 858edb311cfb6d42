// Package worker has the doors through which events reach a Lambda function:
// Batch for SQS messages, standard and FIFO, and Direct for invocations by
// EventBridge. The body of a message is a CloudEvent in structured mode.
//
// Every record has its own fate, decided by the error of Handle:
//
//	none              it is acknowledged
//	event.ErrInvalid  it goes to the dead-letter queue, whole and with the reason,
//	                  and is acknowledged once it is there; so does what is no event
//	any other, panic  it is delivered again, and its Backoff delays that
//
// In a FIFO queue a message group goes on as far as its first failure; what
// follows comes again with it, in order, and other groups are not held up. Up to
// Parallelism groups, or messages of a standard queue, are worked on at once.
// Half a second before the invocation's deadline the handlers' context ends, and
// what is not begun by then goes back to the queue.
//
// The event source mapping needs ReportBatchItemFailures, or Lambda takes every
// answer for a success. The maximum receive count of the queue and the delays
// (1, 2, 4 … 300 seconds, and down to half of that) decide how long a failure is
// waited out: five deliveries last 15 seconds at most, ten 8 minutes, 14 half an
// hour. In a FIFO queue what is delivered again behind a failure counts as
// received, too.
//
// Each event is one line in the log, which carries its metrics (see package
// telemetry), and one span in the trace of the event (see package tracing): a
// child of the event's traceparent, or of the invocation if it has none. What is
// delivered again is handled in a span of its own.
//
// Permissions: sqs:SendMessage on the dead-letter queue and, for
// VisibilityBackoff, sqs:ChangeMessageVisibility on the queue; both cost a call
// for each letter, and for every ten failures of a batch.
//
// Unlike the batch utility of Powertools for AWS Lambda, this one has a way out
// for what can never succeed, instead of all its retries; delays what fails; ends
// in time, where a timeout would fail the whole batch; and gives back a batch of
// which every record failed like any other, instead of failing the invocation.
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
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
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

// Door leads events to a Handle. All fields are required but Backoff and Tracer.
type Door struct {
	Handle      Handle
	DeadLetters DeadLetters
	// Backoff delays the next delivery of the messages of a queue that failed.
	// Without it they come again when their visibility timeout is over.
	Backoff Backoff
	Logger  *slog.Logger
	// Tracer starts the span of each event. Without it the handler finds that of
	// the event's publisher in its context.
	Tracer trace.Tracer
	Clock  func() time.Time
	// Parallelism is how many message groups of a batch are worked on at the
	// same time. On a standard queue every message is a group of its own.
	Parallelism int
}

// reserve is kept free at the end of an invocation: what is not begun by then
// goes back to the queue. Delaying that may take until answerReserve, which is
// kept free to answer in time.
const (
	reserve       = 500 * time.Millisecond
	answerReserve = 200 * time.Millisecond
)

// Batch handles a batch of SQS messages and answers which of them are to be
// delivered again.
func (d *Door) Batch(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	ctx = tracing.ContinueInvocation(ctx)
	working, cancel := WithReserve(ctx, reserve)
	defer cancel()

	var failed failures
	var group errgroup.Group
	group.SetLimit(d.Parallelism)
	for _, messages := range byGroup(batch.Records) {
		group.Go(func() error {
			for i, message := range messages {
				if !d.message(working, message) {
					failed.add(messages[i:])
					return nil
				}
			}
			return nil
		})
	}
	err := group.Wait()
	d.backOff(ctx, failed.groups)
	return failed.response(), err
}

// message handles one message and tells whether it is done with.
func (d *Door) message(ctx context.Context, message events.SQSMessage) bool {
	if d.isOutOfTime(ctx, message.MessageId) {
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
	ctx = telemetry.WithMeasures(telemetry.WithCorrelation(ctx, e.CorrelationID, e.Subject))
	ctx, span := tracing.Start(tracing.Continue(ctx, e.TraceParent), d.Tracer, e, trace.SpanKindConsumer)
	defer func() { tracing.End(span, err) }()
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

// isOutOfTime tells whether what comes next must not be begun any more.
func (d *Door) isOutOfTime(ctx context.Context, id string) bool {
	if ctx.Err() == nil {
		return false
	}
	d.Logger.WarnContext(ctx, "out of time, the message is to be delivered again", slog.String("message_id", id))
	return true
}

// WithReserve returns a context that ends so long before the deadline of an
// invocation, if that has one, to leave time for an answer.
func WithReserve(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
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

// failures are the messages to be delivered again: of each message group the
// first that failed and all that follow it.
type failures struct {
	mu     sync.Mutex
	groups [][]events.SQSMessage
}

func (f *failures) add(messages []events.SQSMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = append(f.groups, messages)
}

// response never has null for a list: Lambda would take that for a success of
// the whole batch.
func (f *failures) response() events.SQSEventResponse {
	ids := []events.SQSBatchItemFailure{}
	for _, messages := range f.groups {
		for _, message := range messages {
			ids = append(ids, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: ids}
}
