package worker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

// together replaces Handle by a HandleBatch that returns these errors.
func together(errs ...error) func(*worker.Config) {
	return func(c *worker.Config) {
		c.Handle = nil
		c.HandleBatch = func(context.Context, []event.Delivery) []error { return errs }
	}
}

func TestEachEventOfABatchHasItsOwnError(t *testing.T) {
	f := newFixture(t, nil, together(nil, errBroken, event.ErrInvalid, errBroken))
	again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"), message(t, standard, "", "3"), message(t, standard, "", "4"))
	assertEqual(t, "delivered again", []string{"2", "4"}, again)
	if len(f.deadLetters) != 1 || f.deadLetters[0].ID != "3" {
		t.Errorf("the dead letters are %v", f.deadLetters)
	}
	for i, result := range []string{"handled", "failed", "invalid", "failed"} {
		assertEqual(t, "the line", result, f.lines(t)[i]["msg"].(string))
	}
}

func TestAnErrorWhoseMethodsPanicFailsItsEventAlone(t *testing.T) {
	f := newFixture(t, nil, together(nil, scripted{text: func() string { panic("text") }}, nil, scripted{text: goexit}))
	again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"), message(t, standard, "", "3"), message(t, standard, "", "4"))
	assertEqual(t, "delivered again", []string{"2", "4"}, again)
	f.assertLogged(t, "2", "an error of type worker_test.scripted, whose methods panic: text")
	f.assertLogged(t, "4", "runtime.Goexit was called")
}

func TestABatchWithoutAnEventIsNotHandled(t *testing.T) {
	f := newFixture(t, nil, func(c *worker.Config) {
		c.HandleBatch = func(context.Context, []event.Delivery) []error {
			t.Error("it is handled")
			return nil
		}
	})
	unreadable := message(t, standard, "", "1")
	unreadable.Body = "hello"
	assertEqual(t, "delivered again", []string{}, f.batch(t, unreadable))
	assertEqual(t, "dead letters", 1, len(f.deadLetters))
}

func TestAnotherNumberOfErrorsThanOfEventsFailsTheBatch(t *testing.T) {
	for _, errs := range [][]error{nil, {nil}, {nil, nil, nil}} {
		f := newFixture(t, nil, together(errs...))
		assertEqual(t, "delivered again", []string{"1", "2"}, f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2")))
		want := fmt.Sprintf("HandleBatch returned %d errors for 2 events", len(errs))
		if got := fmt.Sprint(f.lines(t)[1]["error"]); !strings.Contains(got, want) {
			t.Errorf("the error is %s, not %s", got, want)
		}
	}
}

func TestABatchIsNotHandledWithoutTime(t *testing.T) {
	calls := 0
	f := newFixture(t, nil, func(c *worker.Config) {
		c.Handle = nil
		c.HandleBatch = func(_ context.Context, all []event.Delivery) []error { calls++; return make([]error, len(all)) }
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	response, err := f.Batch(ctx, batch(t, message(t, standard, "", "1"), message(t, standard, "", "2")))
	if err != nil || calls != 0 {
		t.Errorf("%d calls, %v", calls, err)
	}
	assertEqual(t, "delivered again", []string{"1", "2"}, failed(response))
	for _, line := range f.lines(t) {
		if !strings.Contains(fmt.Sprint(line["msg"]), "out of time") {
			t.Errorf("the line is %v", line)
		}
	}
	if spans := f.spans.GetSpans(); len(spans) != 2 {
		t.Errorf("%d spans have ended", len(spans))
	}
}

func TestTheLineOfAnEventBehindAFailureInItsGroupIsThatOfAFailure(t *testing.T) {
	f := newFixture(t, failing("1"), inParallel(1))
	f.batch(t, message(t, fifo, "a", "1"), message(t, fifo, "a", "2"), message(t, fifo, "a", "3"))
	lines := f.lines(t)
	assertEqual(t, "lines", 3, len(lines))
	for i, line := range lines {
		if line["msg"] != "failed" || (i > 0) != strings.Contains(fmt.Sprint(line["error"]), "an earlier event of its group has failed") {
			t.Errorf("the line is %v", line)
		}
	}
}

func TestEveryDelayThatIsRefusedIsReported(t *testing.T) {
	backoff, client := newBackoff(t, 0)
	client.failed = []types.BatchResultErrorEntry{{Code: new("first")}, {Code: new("second")}}
	err := backoff.Delay(t.Context(), [][]events.SQSMessage{{received(t, standard, "", "1", "1")}, {received(t, standard, "", "2", "1")}})
	if err == nil || !strings.Contains(err.Error(), "first") || !strings.Contains(err.Error(), "second") {
		t.Errorf("the error is %v", err)
	}
	for _, times := range []string{"0", "many", "99999999999999999999"} {
		err := backoff.Delay(t.Context(), [][]events.SQSMessage{{received(t, standard, "", "3", times)}})
		if err == nil || !strings.Contains(err.Error(), `message 3 has the ApproximateReceiveCount "`+times+`", not a number above 0`) {
			t.Errorf("the error of a message that was received %s times is %v", times, err)
		}
	}
}
