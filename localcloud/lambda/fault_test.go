package lambda_test

import (
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
)

// sleeper invokes a function that sleeps, and returns its process's session
// once it runs.
func (b *bench) sleeper(edit func(*lambda.Function)) (session string, result chan lambda.Result) {
	b.Helper()
	arn := b.add("behave", edit)
	for _, variable := range decode[[]string](b, b.invoke(arn, "environment").Payload) {
		if value, found := strings.CutPrefix(variable, "AWS_SESSION_TOKEN="); found {
			session = value
		}
	}
	if session == "" || !b.Exempt(session) {
		b.Fatalf("the process of the session %q must be exempt while it does nothing", session)
	}
	result = make(chan lambda.Result, 1)
	go func() { result <- b.invoke(arn, "sleep") }()
	b.eventually("the invocation", func() bool { return !b.Exempt(session) })
	return session, result
}

func TestAProcessIsKilledByItsSession(t *testing.T) {
	b := newBench(t, nil)
	session, result := b.sleeper(nil)
	b.Kill("another")
	b.Kill(session)
	if got := decode[functionConfiguration](b, (<-result).Payload); got.ErrorType != "Runtime.ExitError" || !strings.Contains(got.ErrorMessage, "killed") {
		t.Errorf("the invocation ends with %+v", got)
	}
	b.eventually("the end of the session", func() bool { return b.Exempt(session) })
}

func TestAnInvocationCanBeTimedOutByItsSession(t *testing.T) {
	b := newBench(t, nil)
	session, result := b.sleeper(nil)
	b.TimeOut("another")
	b.TimeOut(session)
	if got := decode[functionConfiguration](b, (<-result).Payload); got.ErrorType != "Sandbox.Timedout" {
		t.Errorf("the invocation ends with %+v", got)
	}
}

func TestTheLastAttemptOfAnEventIsExemptFromFaults(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Retries = map[string]lambda.Retries{"$LATEST": {MaximumAttempts: new(0)}} })
	var session string
	for _, variable := range decode[[]string](b, b.invoke(arn, "environment").Payload) {
		if value, found := strings.CutPrefix(variable, "AWS_SESSION_TOKEN="); found {
			session = value
		}
	}
	if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "pause"}`)); err != nil {
		t.Fatal(err)
	}
	for !b.Idle() {
		if !b.Exempt(session) {
			t.Fatal("the only attempt is not exempt")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWhatHasFailedIsRedeliveredSoonIfConfigured(t *testing.T) {
	queues := sqs.New(sqs.Config{Clock: time.Now})
	b := newBench(t, func(c *lambda.Config) {
		c.Queues, c.DeadLetters = queues, queues
		c.RedeliverAfter, c.RedeliverSoon = time.Millisecond, queues.RedeliverSoon
		c.AsyncRetryDelays = nil // AWS's: minutes.
	})
	b.queues = queues
	source := b.addQueue("q", nil)
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: b.add("batch", nil), BatchSize: 1, ReportBatchItemFailures: true})
	b.sendTo(source, "", "fail")
	b.eventually("a third delivery", func() bool { return len(b.handled()) >= 3 })

	arn := b.add("behave", nil)
	if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "panic"}`)); err != nil {
		t.Fatal(err)
	}
	b.eventually("the last retry", func() bool { return strings.Count(strings.Join(b.written(), "\n"), "at the disco") >= 3 })
}
