package dlq_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/stack"
)

const (
	work        = "https://sqs/000000000000/work"
	dead        = "https://sqs/000000000000/dead"
	undelivered = "https://sqs/000000000000/undelivered"
	event       = `{"type":"order.placed","id":"e-1","subject":"o-1"}`
)

// logged has the last error about each event in the log of the context shop since a time.
type logged struct {
	errors   map[string]string
	err      error
	searches *[]string
}

func (l logged) LastErrors(_ context.Context, boundedContext string, since time.Time) (map[string]string, error) {
	*l.searches = append(*l.searches, boundedContext+" since "+since.Format(time.TimeOnly))
	return l.errors, l.err
}

func newReader(t *testing.T, in dlq.Errors) (dlq.Reader, *deadlettertest.SQS) {
	t.Helper()
	fake := deadlettertest.New()
	fake.Policies[work] = `{"deadLetterTargetArn":"` + deadlettertest.ARN(dead) + `","maxReceiveCount":10}`
	reader, err := dlq.NewReader(t.Context(), fake, in, stack.Stack{Queues: map[string]string{
		"Shop/Queue": work, "Shop/DeadLetters": dead, "Notification/Undelivered": undelivered,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return reader, fake
}

func TestADeadLetterThatFailedTooOftenHasTheLastErrorOfItsContext(t *testing.T) {
	var searches []string
	reader, fake := newReader(t, logged{errors: map[string]string{"e-1": "call the provider: connection refused"}, searches: &searches})
	for _, sent := range []int64{5000, 6000} {
		fake.Put(dead, event, "", sent, nil).Attributes["DeadLetterQueueSourceArn"] = deadlettertest.ARN(work)
	}
	fake.Put(dead, event, "", 7000, map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "unknown type"})
	fake.Put(undelivered, "{}", "", 1000, nil)
	all, err := reader.ReadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID, Queue, Context, Order, Why string
		Attempts                       int
	}
	var got []row
	for _, d := range all {
		got = append(got, row{d.ID, d.Queue, d.Context, d.Event.Order, d.Why(), d.Attempts})
	}
	want := []row{
		{"m-4", "Notification/Undelivered", "notification", "", "unknown reason", 0},
		{"m-1", "Shop/DeadLetters", "shop", "o-1", "connection refused (failed 10 times in Shop/Queue: call the provider)", 10},
		{"m-2", "Shop/DeadLetters", "shop", "o-1", "connection refused (failed 10 times in Shop/Queue: call the provider)", 10},
		{"m-3", "Shop/DeadLetters", "shop", "o-1", "unknown type (INVALID_EVENT)", 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the dead letters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"shop since 00:00:05"}, searches); diff != "" {
		t.Errorf("the searches (-want +got):\n%s", diff)
	}
}

func TestAnErrorOfTheLogIsReturned(t *testing.T) {
	errBroken := errors.New("the log is broken")
	reader, fake := newReader(t, logged{err: errBroken, searches: new([]string)})
	fake.Put(dead, event, "", 0, nil).Attributes["DeadLetterQueueSourceArn"] = deadlettertest.ARN(work)
	if _, err := reader.ReadAll(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheRootCauseIsFirst(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"boom":                    "boom",
		"a: b: boom":              "boom (a: b)",
		`a: unknown type "b: c"`:  `unknown type "b: c" (a)`,
		`a: "b: c`:                `a: "b: c`,
		"a: b (c: d)":             "b (c: d) (a)",
		"call https://x:443: EOF": "EOF (call https://x:443)",
		"a: ":                     "a: ",
	} {
		if got := dlq.RootFirst(text); got != want {
			t.Errorf("%q is %q, and not %q", text, got, want)
		}
	}
}
