package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"go.opentelemetry.io/otel/codes"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

// traceParent returns a trace parent whose trace id and span id are n.
func traceParent(n int) string { return fmt.Sprintf("00-%032x-%016x-01", n, n) }

// traced makes a message with an event of trace n.
func traced(t *testing.T, n int) events.SQSMessage {
	t.Helper()
	m := message(t, standard, "", fmt.Sprint(n))
	e, err := event.Parse([]byte(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	e.TraceParent = traceParent(n)
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	m.Body = string(encoded)
	return m
}

// invocation returns the context of an invocation in trace 99.
func invocation(t *testing.T) context.Context {
	t.Helper()
	//nolint:staticcheck // The key of package lambda.
	return context.WithValue(t.Context(), "x-amzn-trace-id", tracing.Header(traceParent(99)))
}

func TestEachEventOfABatchIsHandledInASpanOfItsOwnTrace(t *testing.T) {
	var h *fixture
	h = newFixture(t, func(ctx context.Context, id string) error {
		n := 0
		if _, err := fmt.Sscan(id, &n); err != nil {
			return err
		}
		got := tracing.Parent(ctx)
		h.mu.Lock()
		defer h.mu.Unlock()
		if !strings.HasPrefix(got, traceParent(n)[:36]) || got == traceParent(n) {
			t.Errorf("event %d is handled in %s", n, got)
		}
		return failing("2")(ctx, id)
	})
	h.batch(t, traced(t, 1), traced(t, 2), traced(t, 1))
	var parents []string
	faults := 0
	for _, span := range h.spans.GetSpans() {
		parents = append(parents, span.Parent.SpanID().String())
		if span.Status.Code == codes.Error {
			faults++
		}
	}
	if len(parents) != 3 || strings.Count(strings.Join(parents, " "), "0000000000000001") != 2 || faults != 1 {
		t.Errorf("the spans have the parents %v, and %d have failed", parents, faults)
	}
}

func TestAnEventWithoutATraceIsHandledInTheTraceOfItsInvocation(t *testing.T) {
	for name, handOver := range map[string]func(h *fixture, payload string) error{
		"in a batch": func(h *fixture, payload string) error {
			_, err := h.Batch(invocation(t), batch(t, events.SQSMessage{MessageId: "m-1", EventSource: "aws:sqs", Body: payload}))
			return err
		},
		"directly": func(h *fixture, payload string) error { return h.Direct(invocation(t), json.RawMessage(payload)) },
	} {
		for what, payload := range map[string]string{"an event": body(t, "1"), "no event": "{}"} {
			t.Run(what+" "+name, func(t *testing.T) {
				h := newFixture(t, failing())
				if err := handOver(h, payload); err != nil {
					t.Fatal(err)
				}
				spans := h.spans.GetSpans()
				if len(spans) != 1 || spans[0].Parent.SpanID().String() != "0000000000000063" {
					t.Fatalf("the spans are %+v", spans)
				}
				if failed := spans[0].Status.Code == codes.Error; failed != (what == "no event") {
					t.Errorf("the span's status is %+v", spans[0].Status)
				}
			})
		}
	}
}

func TestEveryLineOfAnEventCarriesTheIDOfItsTrace(t *testing.T) {
	var log bytes.Buffer
	logger, err := telemetry.NewLogger(&log, telemetry.Config{Service: "payment", Level: "INFO"})
	if err != nil {
		t.Fatal(err)
	}
	newFixture(t, func(ctx context.Context, _ string) error {
		logger.InfoContext(ctx, "at work", slog.Int("n", 1))
		return errors.New("broken")
	}, func(c *worker.Config) { c.Logger = logger }).batch(t, traced(t, 1))
	lines := parse(t, log.String())
	if len(lines) != 2 {
		t.Fatalf("the lines are %v", lines)
	}
	for _, line := range lines {
		if line["trace_id"] != "1-00000000-000000000000000000000001" || line["subject"] != "o-1" {
			t.Errorf("the line %v", line)
		}
	}
}

func TestWithoutATracerEventsAreHandled(t *testing.T) {
	h := newFixture(t, func(ctx context.Context, _ string) error {
		if got := tracing.Parent(ctx); got != traceParent(1) {
			return fmt.Errorf("the trace parent is %q", got)
		}
		return nil
	}, func(c *worker.Config) { c.Tracer = nil })
	assertEqual(t, "failed", []string{}, h.batch(t, traced(t, 1)))
}
