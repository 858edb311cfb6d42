package lambda_test

import (
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
)

// failures notes what a service reports as failed.
type failures struct {
	mu  sync.Mutex
	all []loss.Failure
}

func (f *failures) note(config *lambda.Config) {
	config.Attempted = func(attempt activity.Attempt) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if failure, failed := attempt.Failure(); failed {
			f.all = append(f.all, failure)
		}
	}
}

func (f *failures) got() []loss.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

// assert compares the failures, but for the ids that are generated.
func (f *failures) assert(t *testing.T, want ...loss.Failure) {
	t.Helper()
	if diff := cmp.Diff(want, f.got(), cmpopts.IgnoreFields(loss.Failure{}, "Request", "Messages")); diff != "" {
		t.Errorf("the failures differ (-want +got):\n%s", diff)
	}
	for _, failed := range f.got() {
		if failed.Request == "" {
			t.Errorf("%+v has no request", failed)
		}
	}
}

func TestEveryFailedAttemptAtAnAsynchronousEventIsReported(t *testing.T) {
	var failed failures
	b := newBench(t, failed.note)
	arn := b.add("behave", func(f *lambda.Function) { f.Retries = map[string]lambda.Retries{"$LATEST": {MaximumAttempts: new(1)}} })
	if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "error", "id": "1", "detail-type": "item.sold", "detail": {"subject": "s"}}`)); err != nil {
		t.Fatal(err)
	}
	b.eventually("the end", b.Idle)
	want := loss.Failure{
		Function: arn, Attempt: 1, Attempts: 2, Event: loss.Event{ID: "1", Type: "item.sold", Subject: "s"}, Reason: "it went wrong",
	}
	again := want
	again.Attempt = 2
	failed.assert(t, want, again)
}

func TestAFailedSynchronousInvocationIsReportedAndASuccessIsNot(t *testing.T) {
	var failed failures
	b := newBench(t, failed.note)
	arn := b.add("behave", nil)
	b.invoke(arn, "echo")
	b.invoke(arn, "error")
	failed.assert(t, loss.Failure{Function: arn, Reason: "it went wrong"})
}

func TestTheEndOfAProcessIsReportedWithItsLastOutput(t *testing.T) {
	var failed failures
	b := newBench(t, failed.note)
	b.invoke(b.add("behave", nil), "exit")
	b.invoke(b.add("broken", nil), "start")
	for i, want := range []string{"Runtime exited with error: exit status 7: last words", "Runtime exited with error: exit status 3: giving up"} {
		if got := failed.got()[i].Reason; got != want {
			t.Errorf("the reason is %q, want %q", got, want)
		}
	}
}

func TestAFailedBatchIsReportedOnceWithItsAttempt(t *testing.T) {
	for name, test := range map[string]struct {
		bodies []string
		want   loss.Failure
	}{
		"an error":            {[]string{"error"}, loss.Failure{Reason: "the batch failed"}},
		"an error of several": {[]string{"error", "ok"}, loss.Failure{Reason: "the batch failed", Messages: make([]string, 2)}},
		"one of several":      {[]string{"ok", "fail"}, loss.Failure{Reason: "it is among the batchItemFailures of the response"}},
		"a malformed response": {
			[]string{`answer {"batchItemFailures": 1}`}, loss.Failure{Reason: `the batch response is malformed: {"batchItemFailures":1}`},
		},
		"an unknown message": {
			[]string{`answer {"batchItemFailures": [{"itemIdentifier": "7"}]}`},
			loss.Failure{Reason: "the batch response names the message 7, which is not in the batch"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var failed failures
			b := newBench(t, failed.note)
			dead := b.addQueue("dead", nil)
			source := b.addQueue("q", func(q *sqs.Queue) { q.Redrive = &sqs.Redrive{DeadLetterARN: dead, MaxReceiveCount: 4} })
			arn := b.add("batch", nil)
			b.sendTo(source, "", test.bodies...)
			b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
			b.eventually("the failure", func() bool { return len(failed.got()) > 0 })
			test.want.Function, test.want.Attempt, test.want.Attempts = arn, 1, 4
			failed.assert(t, test.want)
			if got := len(failed.got()[0].Messages); got != max(1, len(test.want.Messages)) {
				t.Errorf("%d messages have failed, want %d", got, max(1, len(test.want.Messages)))
			}
		})
	}
}

func TestTheAttemptAtAMessageIsHowOftenItWasReceived(t *testing.T) {
	var failed failures
	b := newBench(t, failed.note)
	source := b.addQueue("q", func(q *sqs.Queue) { q.VisibilityTimeout = time.Second })
	arn := b.add("batch", func(f *lambda.Function) { f.Timeout = time.Second })
	b.sendTo(source, "", "error")
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 1})
	b.eventually("the second attempt", func() bool { return len(failed.got()) > 1 })
	got := failed.got()
	if got[1].Attempt != 2 || got[1].Attempts != 0 || !slices.Equal(got[0].Messages, got[1].Messages) {
		t.Errorf("the failures are %+v, want the second attempt at the same message, without a limit", got)
	}
}

func TestTheEndOfAnIdleProcessIsLogged(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	pid := decode[int](b, b.invoke(arn, "pause").Payload)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.eventually("the line", func() bool { return slices.Contains(b.written(), "Error: Runtime exited with error: signal: killed") })
}

func TestTheEndOfAProcessThatIsNotNeededIsNotLogged(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Timeout = 50 * time.Millisecond })
	b.invoke(arn, "sleep")
	b.invoke(arn, "echo")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	got := b.written()
	if len(got) != 1 || !strings.HasSuffix(got[0], " Task timed out after 0.05 seconds") {
		t.Errorf("the lines are %q, want that of the timeout only", got)
	}
}
