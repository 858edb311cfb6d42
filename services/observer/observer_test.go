package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// fakeQueue delivers batches, and then has the observer stopped.
type fakeQueue struct {
	stop    context.CancelFunc
	batches [][]string
	// deleted are the bodies of the messages that were deleted.
	deleted   []string
	requests  []sqs.ReceiveMessageInput
	received  error
	deletion  error
	undeleted []types.BatchResultErrorEntry
}

func (q *fakeQueue) ReceiveMessage(
	ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options),
) (*sqs.ReceiveMessageOutput, error) {
	q.requests = append(q.requests, *in)
	if q.received != nil {
		return nil, q.received
	}
	if len(q.batches) == 0 {
		q.stop()
		return nil, ctx.Err()
	}
	var out sqs.ReceiveMessageOutput
	for _, body := range q.batches[0] {
		out.Messages = append(out.Messages, types.Message{Body: aws.String(body), ReceiptHandle: aws.String(body)})
	}
	q.batches = q.batches[1:]
	return &out, nil
}

func (q *fakeQueue) DeleteMessageBatch(
	ctx context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.DeleteMessageBatchOutput, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ids := make(map[string]bool)
	for _, entry := range in.Entries {
		if ids[*entry.Id] {
			return nil, fmt.Errorf("the id %s is given twice", *entry.Id)
		}
		ids[*entry.Id] = true
		q.deleted = append(q.deleted, *entry.ReceiptHandle)
	}
	return &sqs.DeleteMessageBatchOutput{Failed: q.undeleted}, q.deletion
}

// newEvent makes an event, with its envelope as a message has it.
func newEvent(t *testing.T, eventType, orderID string) (encoded, body string) {
	t.Helper()
	source, _, _ := strings.Cut(eventType, ".")
	e := event.Event{
		ID: "id of " + eventType, Source: source, Type: eventType, Subject: orderID,
		Time:       time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC),
		DataSchema: "https://example.com/saga/schema/" + eventType + "/1", CorrelationID: "saga-1", Data: json.RawMessage(`{"n":1}`),
	}
	detail, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(detail), fmt.Sprintf(
		`{"version": "0", "id": "envelope", "detail-type": %q, "source": %q, "region": "local", "resources": [], "detail": %s}`,
		eventType, source, detail)
}

// observe lets an observer read the batches, and gives what it printed.
func observe(t *testing.T, q *fakeQueue, f filter) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := observeTo(t, q, f, jsonLines{&out}, slog.New(slog.DiscardHandler))
	return out.String(), err
}

func observeTo(t *testing.T, q *fakeQueue, f filter, p printer, logger *slog.Logger) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q.stop = cancel
	return (&observer{queue: q, url: "http://queue", filter: f, printer: p, logger: logger}).run(ctx)
}

func TestEveryEventIsShownAndThenDeletedUntilTheObserverIsStopped(t *testing.T) {
	placed, first := newEvent(t, "order.placed", "o-1")
	taken, second := newEvent(t, "payment.taken", "o-1")
	q := &fakeQueue{batches: [][]string{{first, second}, nil, {first}}}
	got, err := observe(t, q, filter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(placed+"\n"+taken+"\n"+placed+"\n", got); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{first, second, first}, q.deleted); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	for _, in := range q.requests {
		if *in.QueueUrl != "http://queue" || in.WaitTimeSeconds != 20 || in.MaxNumberOfMessages != 10 {
			t.Errorf("the request is %+v", in)
		}
	}
}

func TestAFilterSkipsEventsAndTheyAreDeletedToo(t *testing.T) {
	taken, body := newEvent(t, "payment.taken", "o-1")
	_, otherType := newEvent(t, "order.placed", "o-1")
	_, otherOrder := newEvent(t, "payment.taken", "o-2")
	for name, f := range map[string]filter{
		"by order and pattern": {order: "o-1", eventType: "payment.*"},
		"by order and type":    {order: "o-1", eventType: "payment.taken"},
	} {
		t.Run(name, func(t *testing.T) {
			q := &fakeQueue{batches: [][]string{{otherType, body, otherOrder}}}
			got, err := observe(t, q, f)
			if err != nil || got != taken+"\n" || len(q.deleted) != 3 {
				t.Errorf("printed %q, deleted %v, %v", got, q.deleted, err)
			}
		})
	}
}

func TestWhatIsNoEventIsShownAsItCameWhateverTheFilter(t *testing.T) {
	_, placed := newEvent(t, "order.placed", "o-1")
	for name, body := range map[string]string{
		"in an envelope of another source": strings.Replace(placed, `"source": "order"`, `"source": "payment"`, 1),
		"in an envelope of another type":   strings.Replace(placed, `"detail-type": "order.placed"`, `"detail-type": "order.cancelled"`, 1),
		"no JSON":                          "hello\nworld",
		"no object":                        "42",
		"no envelope":                      `{"a": 1}`,
		"null":                             `null`,
		"no event":                         `{"detail": {"a": 1}}`,
		"half of one":                      `{"detail": {"specversion": "1.0", "id": "1", "source": "order", "type": "order.placed"}}`,
		"a null event":                     `{"detail": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			q := &fakeQueue{batches: [][]string{{body}}}
			printed, err := observe(t, q, filter{order: "o-1"})
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ Raw, Error string }
			if err := json.Unmarshal([]byte(printed), &got); err != nil || got.Raw != body || got.Error == "" ||
				strings.Count(printed, "\n") != 1 {
				t.Errorf("printed %q, %v", printed, err)
			}
			if len(q.deleted) != 1 {
				t.Errorf("deleted are %v", q.deleted)
			}
		})
	}
}

// brokenPrinter prints one event, and no more.
type brokenPrinter struct{ printed int }

var errPipe = errors.New("nobody reads")

func (p *brokenPrinter) event(event.Event, json.RawMessage) error {
	if p.printed == 1 {
		return errPipe
	}
	p.printed++
	return nil
}

func (p *brokenPrinter) raw(string, error) error { return errPipe }

func TestWhatCouldNotBePrintedStaysInTheQueue(t *testing.T) {
	_, first := newEvent(t, "order.placed", "o-1")
	_, second := newEvent(t, "payment.taken", "o-1")
	for _, unprinted := range []string{second, "no event"} {
		q := &fakeQueue{batches: [][]string{{first, unprinted, first}}}
		if err := observeTo(t, q, filter{}, &brokenPrinter{}, slog.New(slog.DiscardHandler)); !errors.Is(err, errPipe) {
			t.Errorf("the error is %v", err)
		}
		if diff := cmp.Diff([]string{first}, q.deleted); diff != "" {
			t.Errorf("deleted (-want +got):\n%s", diff)
		}
	}
}

// stoppingPrinter has the observer stopped while it prints.
type stoppingPrinter struct {
	jsonLines

	queue *fakeQueue
}

func (p stoppingPrinter) event(e event.Event, encoded json.RawMessage) error {
	p.queue.stop()
	return p.jsonLines.event(e, encoded)
}

func TestWhatWasPrintedIsDeletedAlthoughTheObserverIsStopped(t *testing.T) {
	_, body := newEvent(t, "order.placed", "o-1")
	q := &fakeQueue{batches: [][]string{{body}}}
	var out bytes.Buffer
	if err := observeTo(t, q, filter{}, stoppingPrinter{jsonLines{&out}, q}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if out.Len() == 0 || len(q.deleted) != 1 {
		t.Errorf("printed %q, deleted %v", out.String(), q.deleted)
	}
}

func TestAnErrorOfTheQueueEndsTheObserver(t *testing.T) {
	broken := errors.New("there is no such queue")
	if _, err := observe(t, &fakeQueue{received: broken}, filter{}); !errors.Is(err, broken) {
		t.Errorf("receiving: %v", err)
	}
	_, body := newEvent(t, "order.placed", "o-1")
	if _, err := observe(t, &fakeQueue{batches: [][]string{{body}}, deletion: broken}, filter{}); !errors.Is(err, broken) {
		t.Errorf("deleting: %v", err)
	}
}

func TestAMessageThatIsNotDeletedIsReportedAndTheObserverGoesOn(t *testing.T) {
	_, body := newEvent(t, "order.placed", "o-1")
	q := &fakeQueue{batches: [][]string{{body}, {body}}, undeleted: []types.BatchResultErrorEntry{{Code: aws.String("InternalError")}}}
	var out, logs bytes.Buffer
	if err := observeTo(t, q, filter{}, jsonLines{&out}, slog.New(slog.NewTextHandler(&logs, nil))); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 2 || strings.Count(logs.String(), "InternalError") != 2 {
		t.Errorf("printed %q, logged %q", out.String(), logs.String())
	}
}
