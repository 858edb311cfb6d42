// Package worker handles the events with which a Lambda function is invoked:
// Handler.Batch those in a batch of SQS messages, standard or FIFO, and
// Handler.Direct a single one from EventBridge. A message's body, or the payload,
// is a CloudEvent in structured mode; Config.Decode reads other forms (see package
// decode). Streams of DynamoDB and Kinesis are out of scope.
//
// Each message has a result of its own, decided by the error of its event:
//
//	none              it is acknowledged
//	event.ErrInvalid  it is put into the dead-letter queue, whole and with the
//	                  reason, and acknowledged once it is there; a message that is
//	                  not an event is treated the same
//	any other         it is delivered again, after the delay of Backoff; a panic or
//	                  runtime.Goexit counts as such an error
//
// A payload of another kind, neither a batch nor an event, is an error of the
// invocation: the function is wired wrongly. It is not lost: it stays in the queue,
// or Lambda puts it into the function's own dead-letter queue.
//
// In a FIFO queue a message group is handled up to its first failure. The rest is
// delivered again with it, in order; other groups are not delayed. With Handle, up to
// Parallelism groups, or messages of a standard queue, are handled at the same time;
// HandleBatch handles all events of a batch with one call, and can share calls to other
// services between them. Half a second before the invocation's deadline the context of
// the call ends, and messages that were not started by then go back to the queue. A call
// that ignores the end of its context has failed a tenth of a second later, and what it
// returns after that is dropped. It cannot be stopped: it continues in the next
// invocation, while its messages are delivered again.
//
// The event source mapping needs ReportBatchItemFailures; without it Lambda takes
// every answer as success. The maximum receive count of the queue and the delays
// (1, 2, 4 … 300 seconds, each reduced by up to a half) limit how long a failure may
// last: five deliveries take 15 seconds at most, ten 8 minutes, 14 half an hour.
// In a FIFO queue a message that is delivered again behind a failed one counts as
// received, too.
//
// Each event is one line in the log, which carries its metrics if there are any (see
// package telemetry), and one span in the trace of the event (see package tracing): a
// child of the event's traceparent, or of the invocation if it has none. Each
// delivery has a span of its own.
//
// Permissions: sqs:SendMessage on the dead-letter queue and, for
// VisibilityBackoff, sqs:ChangeMessageVisibility on the queues. The cost is one call
// for each dead letter, and one for every ten failures of a batch.
//
// Unlike the batch utility of Powertools for AWS Lambda, this one does not retry
// messages that can never succeed; delays those that fail; ends in time, where a
// timeout would fail the whole batch; and if every message of a batch fails, returns
// them like any other failures instead of failing the invocation.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/internal/safely"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
)

// Handle handles one event. An event that fails with event.ErrInvalid can never
// be handled; after any other error it is tried again.
type Handle func(ctx context.Context, e event.Event) error

// HandleBatch handles events, and returns an error or nil for each of them, in their
// order. The errors are those of a Handle. After an error that is not event.ErrInvalid,
// later events of the same Group must not be handled. If it panics, every event fails.
type HandleBatch func(ctx context.Context, deliveries []event.Delivery) []error

// DeadLetters keeps messages that can never be handled, whole and with the reason.
type DeadLetters interface {
	Send(ctx context.Context, deadLetter DeadLetter) error
}

// DeadLetter is a message for the dead-letter queue.
type DeadLetter struct {
	// ID identifies the message: sending a dead letter twice is harmless.
	ID string
	// Group is the FIFO message group, if there is one.
	Group string
	Body  string
	// Attributes are the message attributes.
	Attributes map[string]events.SQSMessageAttribute
	Err        error
}

// Config is the configuration of a Handler. A field without a default is required.
type Config struct {
	// Handle handles each event alone.
	Handle Handle
	// HandleBatch handles the events of a batch together, in place of Handle.
	HandleBatch HandleBatch
	// Decode makes the event of a message. By default its body must be a CloudEvent in
	// structured mode. What cannot be decoded is put into the dead-letter queue.
	Decode      decode.Decoder
	DeadLetters DeadLetters
	// Backoff delays the next delivery of messages that failed. By default they are
	// delivered again after their visibility timeout.
	Backoff Backoff
	Logger  *slog.Logger
	// Tracer starts the span of each event. By default there is no span, and the
	// context of Handle has the span of the event's publisher.
	Tracer trace.Tracer
	// Clock is time.Now by default.
	Clock func() time.Time
	// Parallelism is how many message groups of a batch Handle handles at the same
	// time, by default 10. On a standard queue every message is a group of its own.
	Parallelism int
}

// Handler handles the events with which a function is invoked.
type Handler struct {
	config Config
}

// New makes a handler. The error names every required field that is missing.
func New(config Config) (*Handler, error) {
	if err := required.Fields("worker.Config", map[string]bool{
		"Handle":            config.Handle != nil || config.HandleBatch != nil,
		"DeadLetters":       config.DeadLetters != nil,
		"Logger":            config.Logger != nil,
		"valid Parallelism": config.Parallelism >= 0,
	}); err != nil {
		return nil, err
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // The default of a field that takes any clock.
	}
	config.Parallelism = cmp.Or(config.Parallelism, defaultParallelism)
	return &Handler{config}, nil
}

// defaultParallelism is 10 because handlers mostly wait for DynamoDB and
// EventBridge, and not for the processor.
const defaultParallelism = 10

// The contexts of Handle and of Backoff end by these margins before the deadline of
// the invocation, so that there is time left to answer. The first is longer by more than
// safely.Grace.
const (
	handleMargin = 500 * time.Millisecond
	answerMargin = 200 * time.Millisecond
)

// received is a message with the event in it. It is kept as the dead letter that it
// becomes if the event is invalid.
type received struct {
	deadLetter DeadLetter
	event.Delivery
	span trace.Span
	// err is the error of a message without an event, and then that of its event.
	err error
}

// receive reads the event in a message, and begins its span.
func (h *Handler) receive(ctx context.Context, deadLetter DeadLetter, group string) *received {
	e, err := h.decode(deadLetter)
	ctx = telemetry.WithMeasures(telemetry.WithSubject(ctx, e.Subject))
	ctx, span := tracing.Start(tracing.Continue(ctx, e.TraceParent), h.config.Tracer, e, trace.SpanKindConsumer)
	return &received{deadLetter, event.Delivery{Event: e, Context: ctx, Group: group}, span, err}
}

// decode returns the event in a message. event.ErrInvalid is returned for every failure,
// also for a panic: the same bytes would fail again.
func (h *Handler) decode(m DeadLetter) (e event.Event, err error) {
	if h.config.Decode == nil {
		return event.Parse([]byte(m.Body))
	}
	attributes := make(map[string]string, len(m.Attributes))
	for name, a := range m.Attributes {
		attributes[name] = cmp.Or(aws.ToString(a.StringValue), string(a.BinaryValue))
	}
	err = safely.Call(func() (err error) {
		if e, err = h.config.Decode(decode.Message{Body: m.Body, Attributes: attributes}); err == nil {
			err = event.Check(e)
		}
		return err
	})
	switch {
	case err == nil:
		return e, nil
	case !errors.Is(err, event.ErrInvalid):
		err = fmt.Errorf("%w: %w", event.ErrInvalid, err)
	}
	return event.Event{}, err
}

// handle handles the events in messages. After it a message has an error if it is to be
// delivered again. The others are done: an invalid event is in the dead-letter queue.
func (h *Handler) handle(ctx context.Context, messages []*received) {
	began := h.config.Clock()
	var parsed []*received
	var deliveries []event.Delivery
	for _, m := range messages {
		if m.err == nil {
			parsed = append(parsed, m)
			deliveries = append(deliveries, m.Delivery)
		}
	}
	for i, err := range h.handleBatch(ctx, deliveries) {
		parsed[i].err = err
	}
	for _, m := range messages {
		h.finish(m, began)
	}
}

// handleBatch returns an error or nil for each event.
func (h *Handler) handleBatch(ctx context.Context, deliveries []event.Delivery) []error {
	switch {
	case len(deliveries) == 0:
		return nil
	case ctx.Err() != nil:
		return slices.Repeat([]error{errNotStarted}, len(deliveries))
	case h.config.HandleBatch == nil:
		return h.handleEach(ctx, deliveries)
	}
	errs, err := safely.Result(ctx, func() ([]error, error) {
		errs := h.config.HandleBatch(ctx, deliveries)
		if len(errs) != len(deliveries) {
			return nil, fmt.Errorf("HandleBatch returned %d errors for %d events", len(errs), len(deliveries))
		}
		for i, err := range errs {
			errs[i] = safely.Call(func() error { return err })
		}
		return errs, nil
	})
	if err != nil {
		return slices.Repeat([]error{err}, len(deliveries))
	}
	return errs
}

// finish puts an invalid event into the dead-letter queue, writes the line of the event
// and ends its span. The error of a message that is done becomes nil.
func (h *Handler) finish(m *received, began time.Time) {
	if errors.Is(m.err, errNotStarted) {
		m.span.End()
		h.config.Logger.WarnContext(m.Context, "out of time, the message is to be delivered again", slog.String("message_id", m.deadLetter.ID))
		return
	}
	result := telemetry.Handled
	switch {
	case errors.Is(m.err, event.ErrInvalid):
		result = telemetry.Invalid
		m.deadLetter.Err = m.err
		if failed := safely.Within(m.Context, func() error { return h.config.DeadLetters.Send(m.Context, m.deadLetter) }); failed != nil {
			m.err = fmt.Errorf("%w, and it cannot be sent to the dead-letter queue: %w", m.err, failed)
			result = telemetry.Failed
		}
	case m.err != nil:
		result = telemetry.Failed
	}
	tracing.End(m.span, m.err)
	telemetry.LogEvent(m.Context, h.config.Logger, telemetry.Outcome{
		Type: m.Event.Type, ID: m.Event.ID, Result: result, At: began, Duration: h.config.Clock().Sub(began), Err: m.err,
	})
	if result != telemetry.Failed {
		m.err = nil
	}
}

// refuse logs and returns the error of a payload of the wrong kind.
func (h *Handler) refuse(ctx context.Context, err error) error {
	h.config.Logger.ErrorContext(ctx, "the payload is of the wrong kind", slog.String("error", err.Error()))
	return err
}

// WithDeadlineMargin returns a context that ends by the margin before the deadline
// of ctx, if ctx has one. The margin is the time that is left to answer.
func WithDeadlineMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}
