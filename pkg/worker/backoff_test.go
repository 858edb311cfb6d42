package worker_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/worker"
)

// fakeSQS is an SQS client that keeps for how many seconds each message is hidden,
// by receipt handle.
type fakeSQS struct {
	hidden map[string]int32
	calls  []int
	queues []string
	err    error
	failed []types.BatchResultErrorEntry
}

func (f *fakeSQS) ChangeMessageVisibilityBatch(
	ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	f.queues = append(f.queues, *in.QueueUrl)
	f.calls = append(f.calls, len(in.Entries))
	if err := errors.Join(ctx.Err(), f.err); err != nil {
		return nil, err
	}
	ids := make(map[string]bool)
	for _, entry := range in.Entries {
		ids[*entry.Id] = true
		f.hidden[*entry.ReceiptHandle] = entry.VisibilityTimeout
	}
	if len(ids) != len(in.Entries) {
		return nil, errors.New("two entries have one id")
	}
	return &sqs.ChangeMessageVisibilityBatchOutput{Failed: f.failed}, nil
}

// The URLs of the queues standard and fifo.
const (
	paymentURL   = "https://sqs.eu-west-1.amazonaws.com/123456789012/payment"
	warehouseURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/warehouse.fifo"
)

// newBackoff makes a backoff whose delays are reduced by half of random.
func newBackoff(t *testing.T, random float64) (*worker.VisibilityBackoff, *fakeSQS) {
	t.Helper()
	client := &fakeSQS{hidden: make(map[string]int32)}
	backoff, err := worker.NewVisibilityBackoff(client, []string{paymentURL, warehouseURL}, func() float64 { return random })
	if err != nil {
		t.Fatal(err)
	}
	return backoff, client
}

// received makes a message with a receive count.
func received(t *testing.T, queue, group, id, times string) events.SQSMessage {
	t.Helper()
	m := message(t, queue, group, id)
	m.ReceiptHandle = "receipt-" + id
	m.Attributes["ApproximateReceiveCount"] = times
	return m
}

func TestTheDelayDoublesWithEveryDeliveryUpToFiveMinutes(t *testing.T) {
	for times, want := range map[string]int32{"1": 1, "2": 2, "3": 4, "5": 16, "9": 256, "10": 300, "11": 300, "1000000": 300} {
		backoff, client := newBackoff(t, 0)
		if err := backoff.Delay(t.Context(), [][]events.SQSMessage{{received(t, standard, "", "m", times)}}); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "hidden after delivery "+times, map[string]int32{"receipt-m": want}, client.hidden)
		assertEqual(t, "the queue", []string{paymentURL}, client.queues)
	}
}

func TestAMessageIsDelayedInTheQueueThatItCameFrom(t *testing.T) {
	backoff, client := newBackoff(t, 0)
	err := backoff.Delay(t.Context(), [][]events.SQSMessage{
		{received(t, fifo, "a", "a1", "1")},
		{received(t, standard, "", "m", "2")},
		{received(t, fifo, "b", "b1", "3")},
		{received(t, "arn:aws:sqs:eu-west-1:123456789012:other", "", "n", "1")},
	})
	if want := `message n is of the queue "arn:aws:sqs:eu-west-1:123456789012:other", whose URL is not known`; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	assertEqual(t, "the queues", []string{paymentURL, warehouseURL}, client.queues)
	assertEqual(t, "calls", []int{1, 2}, client.calls)
	assertEqual(t, "hidden", map[string]int32{"receipt-a1": 1, "receipt-m": 2, "receipt-b1": 4}, client.hidden)
}

func TestTheDelayIsReducedAtRandomByUpToAHalf(t *testing.T) {
	for random, want := range map[float64]int32{0: 16, 0.5: 12, 0.999: 8} {
		backoff, client := newBackoff(t, random)
		if err := backoff.Delay(t.Context(), [][]events.SQSMessage{{received(t, standard, "", "m", "5")}}); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, fmt.Sprintf("hidden at %v", random), map[string]int32{"receipt-m": want}, client.hidden)
	}
}

func TestOnlyFailedMessagesAreDelayed(t *testing.T) {
	backoff, client := newBackoff(t, 0)
	h := newFixture(t, failing("2"), delaying(backoff))
	again := h.batch(t, received(t, standard, "", "1", "3"), received(t, standard, "", "2", "3"), received(t, standard, "", "3", "3"))
	assertEqual(t, "delivered again", []string{"2"}, again)
	assertEqual(t, "hidden", map[string]int32{"receipt-2": 4}, client.hidden)

	h.batch(t, received(t, standard, "", "1", "3"))
	assertEqual(t, "calls", []int{1}, client.calls)
}

func TestMessagesBehindAFailureInItsGroupShareItsDelay(t *testing.T) {
	backoff, client := newBackoff(t, 0)
	h := newFixture(t, failing("a2", "b1"), delaying(backoff))
	h.batch(
		t, received(t, fifo, "a", "a1", "9"), received(t, fifo, "a", "a2", "4"), received(t, fifo, "b", "b1", "2"),
		received(t, fifo, "a", "a3", "1"), received(t, fifo, "c", "c1", "7"),
	)
	assertEqual(t, "hidden", map[string]int32{"receipt-a2": 8, "receipt-a3": 8, "receipt-b1": 2}, client.hidden)
}

func TestOneCallDelaysTenMessages(t *testing.T) {
	backoff, client := newBackoff(t, 0)
	var groups [][]events.SQSMessage
	for n := range 21 {
		groups = append(groups, []events.SQSMessage{received(t, standard, "", fmt.Sprint(n), "1")})
	}
	if err := backoff.Delay(t.Context(), groups); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "calls", []int{10, 10, 1}, client.calls)
	assertEqual(t, "hidden", 21, len(slices.Collect(maps.Keys(client.hidden))))
}

func TestAFailedBackoffIsLoggedAndHarmless(t *testing.T) {
	for name, spoil := range map[string]func(*fakeSQS, *events.SQSMessage){
		"a call that fails": func(f *fakeSQS, _ *events.SQSMessage) { f.err = errBroken },
		"an entry that fails": func(f *fakeSQS, _ *events.SQSMessage) {
			f.failed = []types.BatchResultErrorEntry{{Code: new("broken")}}
		},
		"no receive count": func(_ *fakeSQS, m *events.SQSMessage) {
			m.Attributes["ApproximateReceiveCount"] = "broken"
		},
	} {
		t.Run(name, func(t *testing.T) {
			backoff, client := newBackoff(t, 0)
			h := newFixture(t, failing("1"), delaying(backoff))
			failing := received(t, standard, "", "1", "1")
			spoil(client, &failing)
			assertEqual(t, "delivered again", []string{"1"}, h.batch(t, failing, received(t, standard, "", "2", "1")))
			lines := h.lines(t)
			last := lines[len(lines)-1]
			if last["level"] != "WARN" || !strings.Contains(fmt.Sprint(last["error"]), "broken") {
				t.Errorf("the last line is %v", last)
			}
		})
	}
}

// A batch that has used its time still delays the messages that failed, and answers.
func TestABackoffHasTimeLeftWhenHandleHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backoff, client := newBackoff(t, 0)
		h := newFixture(t, func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}, inParallel(1), delaying(backoff))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		response, err := h.Batch(ctx, batch(t, received(t, standard, "", "1", "1"), received(t, standard, "", "2", "2")))
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "delivered again", []string{"1", "2"}, failed(response))
		assertEqual(t, "hidden", map[string]int32{"receipt-1": 1, "receipt-2": 2}, client.hidden)
	})
}

// delays is a backoff that reads its context alone.
type delays func(ctx context.Context) error

func (d delays) Delay(ctx context.Context, _ [][]events.SQSMessage) error { return d(ctx) }

func TestABackoffLeavesTimeForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, failing("1"), delaying(delays(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := h.Batch(ctx, batch(t, message(t, standard, "", "1"))); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "the time", 2800*time.Millisecond, time.Since(began))
	})
}
