package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/terminal"
	"example.com/saga/operator/watch"
	"example.com/saga/pkg/event"
)

// fakeQueue delivers batches, and then ends the context of its reader.
type fakeQueue struct {
	stop    context.CancelFunc
	batches [][]string
	// deleted are the bodies of the messages that were deleted.
	deleted   []string
	requests  []sqs.ReceiveMessageInput
	received  error
	deletion  error
	undeleted []types.BatchResultErrorEntry
	warnings  strings.Builder
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

// newEvent returns an event, with its envelope as a message has it.
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

// follow reads the batches, and returns what is printed as JSON.
func follow(t *testing.T, q *fakeQueue, f watch.Filter) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := followTo(t, q, f, terminal.JSON{Out: &out})
	return out.String(), err
}

func followTo(t *testing.T, q *fakeQueue, f watch.Filter, p watch.Printer) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q.stop = cancel
	warn := func(format string, arguments ...any) { fmt.Fprintf(&q.warnings, format+"\n", arguments...) }
	return watch.Queue{Client: q, URL: "http://queue", Warn: warn}.Follow(ctx, func(message string) error {
		return watch.Show(message, f, p)
	})
}

func TestEveryMessageIsShownAndThenDeletedUntilTheContextEnds(t *testing.T) {
	placed, first := newEvent(t, "order.placed", "o-1")
	taken, second := newEvent(t, "payment.taken", "o-1")
	q := &fakeQueue{batches: [][]string{{first, second}, nil, {first}}}
	got, err := follow(t, q, watch.Filter{})
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
	for name, f := range map[string]watch.Filter{
		"by order and pattern": {Order: "o-1", Type: "payment.*"},
		"by order and type":    {Order: "o-1", Type: "payment.taken"},
	} {
		t.Run(name, func(t *testing.T) {
			q := &fakeQueue{batches: [][]string{{otherType, body, otherOrder}}}
			got, err := follow(t, q, f)
			if err != nil || got != taken+"\n" || len(q.deleted) != 3 {
				t.Errorf("printed %q, deleted %v, %v", got, q.deleted, err)
			}
		})
	}
}

func TestAMalformedEventIsShownAsItIsWhateverTheFilter(t *testing.T) {
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
			printed, err := follow(t, q, watch.Filter{Order: "o-1"})
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

var errPipe = errors.New("the pipe is closed")

func (p *brokenPrinter) Event(event.Event, json.RawMessage) error {
	if p.printed == 1 {
		return errPipe
	}
	p.printed++
	return nil
}

func (p *brokenPrinter) Malformed(string, error) error { return errPipe }

func TestWhatCouldNotBePrintedStaysInTheQueue(t *testing.T) {
	_, first := newEvent(t, "order.placed", "o-1")
	_, second := newEvent(t, "payment.taken", "o-1")
	for _, unprinted := range []string{second, "no event"} {
		q := &fakeQueue{batches: [][]string{{first, unprinted, first}}}
		if err := followTo(t, q, watch.Filter{}, &brokenPrinter{}); !errors.Is(err, errPipe) {
			t.Errorf("the error is %v", err)
		}
		if diff := cmp.Diff([]string{first}, q.deleted); diff != "" {
			t.Errorf("deleted (-want +got):\n%s", diff)
		}
	}
}

// stoppingPrinter ends the context while it prints.
type stoppingPrinter struct {
	terminal.JSON

	queue *fakeQueue
}

func (p stoppingPrinter) Event(e event.Event, encoded json.RawMessage) error {
	p.queue.stop()
	return p.JSON.Event(e, encoded)
}

func TestWhatWasPrintedIsDeletedAlthoughTheContextEnds(t *testing.T) {
	_, body := newEvent(t, "order.placed", "o-1")
	q := &fakeQueue{batches: [][]string{{body}}}
	var out bytes.Buffer
	if err := followTo(t, q, watch.Filter{}, stoppingPrinter{terminal.JSON{Out: &out}, q}); err != nil {
		t.Fatal(err)
	}
	if out.Len() == 0 || len(q.deleted) != 1 {
		t.Errorf("printed %q, deleted %v", out.String(), q.deleted)
	}
}

func TestAnErrorOfTheQueueEndsTheReader(t *testing.T) {
	broken := errors.New("there is no such queue")
	if _, err := follow(t, &fakeQueue{received: broken}, watch.Filter{}); !errors.Is(err, broken) {
		t.Errorf("receiving: %v", err)
	}
	_, body := newEvent(t, "order.placed", "o-1")
	if _, err := follow(t, &fakeQueue{batches: [][]string{{body}}, deletion: broken}, watch.Filter{}); !errors.Is(err, broken) {
		t.Errorf("deleting: %v", err)
	}
}

func TestAMessageThatIsNotDeletedIsWarnedOfAndTheNextIsRead(t *testing.T) {
	_, body := newEvent(t, "order.placed", "o-1")
	q := &fakeQueue{batches: [][]string{{body}, {body}}, undeleted: []types.BatchResultErrorEntry{{Code: aws.String("InternalError")}}}
	printed, err := follow(t, q, watch.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(printed, "\n") != 2 || strings.Count(q.warnings.String(), "InternalError") != 2 {
		t.Errorf("printed %q, warned %q", printed, q.warnings.String())
	}
}
