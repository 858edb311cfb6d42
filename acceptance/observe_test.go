package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/event"
)

// observed empties the observability queue and returns its events by order, each id once.
// It fails the test if an event is invalid or an id has two contents.
func (c *cloud) observed(tb testing.TB) map[string][]event.Event {
	tb.Helper()
	client := sqs.NewFromConfig(c.aws(tb))
	queue := c.Outputs["ObservabilityQueueUrl"]
	events := make(map[string][]event.Event)
	contents := make(map[string][]byte)
	for {
		out, err := client.ReceiveMessage(tb.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		if err != nil {
			tb.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return events
		}
		for _, message := range out.Messages {
			e, content := fromEnvelope(tb, message)
			if known, seen := contents[e.Source+e.ID]; seen {
				if !bytes.Equal(known, content) {
					tb.Errorf("%s %s has two contents:\n%s\n%s", e.Type, e.ID, known, content)
				}
			} else {
				contents[e.Source+e.ID] = content
				events[e.Subject] = append(events[e.Subject], e)
			}
			if _, err := client.DeleteMessage(tb.Context(), &sqs.DeleteMessageInput{
				QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle,
			}); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

func fromEnvelope(tb testing.TB, message types.Message) (event.Event, []byte) {
	tb.Helper()
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &envelope); err != nil {
		tb.Fatalf("%q: %v", aws.ToString(message.Body), err)
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		tb.Fatalf("%s: %v", envelope.Detail, err)
	}
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		tb.Errorf("the envelope is of %s from %s, the event of %s from %s", envelope.DetailType, envelope.Source, e.Type, e.Source)
	}
	return e, envelope.Detail
}

// watching is a running operator watch.
type watching struct{ stdout *bufio.Scanner }

// watch starts operator watch, and waits until it shows new events. It ends with the test.
func (c *cloud) watch(t *testing.T, flags ...string) *watching {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Patience)
	program := exec.CommandContext(ctx, "../dist/local/operator", append([]string{"watch", "-ready-file", c.readyFile}, flags...)...)
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := program.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("operator watch %v: %v", flags, err)
		}
	})
	if first, err := bufio.NewReader(stderr).ReadString('\n'); err != nil || !strings.HasPrefix(first, "operator: showing the events in ") {
		t.Fatalf("operator watch %v begins with %q, %v", flags, first, err)
	}
	return &watching{bufio.NewScanner(stdout)}
}

// line waits for the next line.
func (w *watching) line(t *testing.T) string {
	t.Helper()
	if !w.stdout.Scan() {
		t.Fatalf("operator watch has ended: %v", w.stdout.Err())
	}
	return w.stdout.Text()
}

func TestWatchShowsEveryEventOnceAndTakesNoneFromTheQueue(t *testing.T) {
	c := startCloud(t)
	first, second := c.watch(t, "-json"), c.watch(t)
	placed := c.placeMany(t, 30, concurrency)
	c.settled(t)
	queued, want := c.observed(t), make(map[string]string)
	for _, o := range placed {
		for _, e := range queued[o.OrderID] {
			want[e.Source+e.ID] = e.Type
		}
	}
	if len(want) != 30*5 {
		t.Errorf("the queue has %d events", len(want))
	}
	for range want {
		e, err := event.Parse([]byte(first.line(t)))
		if err != nil {
			t.Fatal(err)
		}
		if want[e.Source+e.ID] != e.Type {
			t.Errorf("%s %s is shown again, or was not published", e.Type, e.ID)
		}
		want[e.Source+e.ID] = "shown"
		if shown := second.line(t); !strings.Contains(shown, ".") || strings.Contains(shown, "\x1b") {
			t.Errorf("the line is %q", shown)
		}
	}
}

// notification is an event that arrived at the notification endpoint.
type notification struct {
	// Count is how often it arrived.
	Count  int             `json:"count"`
	Header http.Header     `json:"headers"`
	Body   json.RawMessage `json:"body"`
}

func (c *cloud) notifications(tb testing.TB) []notification {
	tb.Helper()
	var received struct {
		Deliveries []notification `json:"deliveries"`
	}
	c.get(tb, c.DeliveriesURL, &received)
	return received.Deliveries
}

// deadLettered returns how many messages are in each dead-letter queue that is not empty.
func (u usage) deadLettered() map[string]int {
	deadLetters := make(map[string]int)
	for path, counts := range u.Queues {
		if waiting := counts.Visible + counts.InFlight; waiting > 0 && stack.IsDeadLetterQueue(path) {
			deadLetters[path] = waiting
		}
	}
	return deadLetters
}
