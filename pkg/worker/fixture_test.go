package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

const (
	standard = "arn:aws:sqs:eu-west-1:123456789012:payment"
	fifo     = "arn:aws:sqs:eu-west-1:123456789012:warehouse.fifo"
)

var errBroken = errors.New("broken")

// fixture is a handler with its dead letters, its log and its spans.
type fixture struct {
	*worker.Handler

	mu          sync.Mutex
	handled     []string
	deadLetters []worker.DeadLetter
	log         bytes.Buffer
	spans       *tracetest.InMemoryExporter
	sendErr     error
}

// newFixture makes a handler whose Handle is called with the event's id, after the
// fixture has noted it. The options change its configuration.
func newFixture(t *testing.T, handle func(ctx context.Context, id string) error, options ...func(*worker.Config)) *fixture {
	t.Helper()
	f := &fixture{spans: tracetest.NewInMemoryExporter()}
	config := worker.Config{
		Handle: func(ctx context.Context, e event.Event) error {
			f.mu.Lock()
			f.handled = append(f.handled, e.ID)
			f.mu.Unlock()
			return handle(ctx, e.ID)
		},
		DeadLetters: f,
		Logger:      slog.New(slog.NewJSONHandler(&f.log, nil)),
		Tracer:      tracing.NewProvider("payment", tracing.ParentBased(), f.spans).Tracer("test"),
	}
	for _, change := range options {
		change(&config)
	}
	handler, err := worker.New(config)
	if err != nil {
		t.Fatal(err)
	}
	f.Handler = handler
	return f
}

// inParallel sets how many groups are handled at the same time.
func inParallel(n int) func(*worker.Config) {
	return func(c *worker.Config) { c.Parallelism = n }
}

// delaying sets the backoff.
func delaying(backoff worker.Backoff) func(*worker.Config) {
	return func(c *worker.Config) { c.Backoff = backoff }
}

// Send implements worker.DeadLetters.
func (f *fixture) Send(_ context.Context, deadLetter worker.DeadLetter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sendErr != nil {
		return f.sendErr
	}
	f.deadLetters = append(f.deadLetters, deadLetter)
	return nil
}

// batch handles a batch and returns the ids of the messages to deliver again,
// sorted.
func (f *fixture) batch(t *testing.T, messages ...events.SQSMessage) []string {
	t.Helper()
	response, err := f.Batch(t.Context(), batch(t, messages...))
	if err != nil {
		t.Fatal(err)
	}
	return failed(response)
}

// batch makes the payload with which Lambda invokes a function.
func batch(t *testing.T, messages ...events.SQSMessage) json.RawMessage {
	t.Helper()
	payload, err := json.Marshal(events.SQSEvent{Records: messages})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func failed(response events.SQSEventResponse) []string {
	ids := []string{}
	for _, failure := range response.BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	slices.Sort(ids)
	return ids
}

// lines returns the lines of the log.
func (f *fixture) lines(t *testing.T) []map[string]any {
	t.Helper()
	return parse(t, f.log.String())
}

func parse(t *testing.T, log string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(log) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func body(t *testing.T, id string) string {
	t.Helper()
	encoded, err := json.Marshal(event.Event{
		ID: id, Source: "order", Type: "order.placed", Subject: "o-1", Time: time.Unix(1, 0).UTC(),
		DataSchema: "https://example.com/schema/1", CorrelationID: "c-1", Data: json.RawMessage(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// message makes a message with an event, both with the same id.
func message(t *testing.T, queue, group, id string) events.SQSMessage {
	t.Helper()
	m := events.SQSMessage{MessageId: id, EventSource: "aws:sqs", EventSourceARN: queue, Body: body(t, id), Attributes: map[string]string{}}
	if group != "" {
		m.Attributes["MessageGroupId"] = group
	}
	return m
}

func assertEqual(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, expected (-) and got (+):\n%s", what, diff)
	}
}

// failing returns a Handle that fails for the given ids.
func failing(ids ...string) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		if slices.Contains(ids, id) {
			return errBroken
		}
		return nil
	}
}

// invalid returns a Handle for which the given ids are invalid.
func invalid(ids ...string) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		if slices.Contains(ids, id) {
			return errors.Join(errors.New("unknown type"), event.ErrInvalid)
		}
		return nil
	}
}
