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

// logged has the last error about an event in a context's log.
type logged struct {
	errors map[string]string
	err    error
}

func (l logged) LastError(_ context.Context, boundedContext, eventID string, since time.Time) (string, error) {
	return l.errors[boundedContext+" "+eventID+" since "+since.Format(time.TimeOnly)], l.err
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
	in := logged{errors: map[string]string{"shop e-1 since 00:00:05": "call the provider: connection refused"}}
	reader, fake := newReader(t, in)
	moved := fake.Put(dead, event, "", 5000, nil)
	moved.Attributes["DeadLetterQueueSourceArn"] = deadlettertest.ARN(work)
	fake.Put(dead, event, "", 5000, map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "unknown type"})
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
		{"m-3", "Notification/Undelivered", "notification", "", "unknown reason", 0},
		{"m-1", "Shop/DeadLetters", "shop", "o-1", "connection refused (failed 10 times in Shop/Queue: call the provider)", 10},
		{"m-2", "Shop/DeadLetters", "shop", "o-1", "unknown type (INVALID_EVENT)", 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the dead letters (-want +got):\n%s", diff)
	}
}

func TestAnErrorOfTheLogIsReturned(t *testing.T) {
	errBroken := errors.New("the log is broken")
	reader, fake := newReader(t, logged{err: errBroken})
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
