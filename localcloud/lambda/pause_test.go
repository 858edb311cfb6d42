package lambda_test

import (
	"slices"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
)

func TestAPausedFunctionGetsNothingFromItsQueueUntilItGoesOn(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q", nil)
	arn := b.add("batch", nil)
	b.SetPaused(arn, true)
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
	b.sendTo(source, "", "one")
	b.invoke(b.add("behave", nil), "echo") // The others go on.
	if counts := b.queues.Counts(source); counts.Visible != 1 || len(b.handled()) != 0 {
		t.Errorf("the queue has %+v, handled are %v", counts, b.handled())
	}
	b.SetPaused(arn, false)
	b.eventually("the end", b.settled(source, 0))
	if got := b.handled(); len(got) != 1 || got[0] != "one" {
		t.Errorf("handled are %v", got)
	}
}

func TestMessagesHeldBackUntilTheyAreReceivedAgainAreNotHandledTwice(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q.fifo", func(q *sqs.Queue) {
		fifoQueue(q)
		q.VisibilityTimeout = time.Second
	})
	arn := b.add("batch", func(f *lambda.Function) { f.Timeout = time.Second })
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
	b.sendTo(source, "g", "warm")
	b.eventually("the first message", b.settled(source, 0))
	b.SetPaused(arn, true) // The mapping is in the midst of a receive.
	b.sendTo(source, "g", "one")
	b.eventually("the receive", func() bool { return b.queues.Counts(source).InFlight == 1 })
	b.eventually("the end of the visibility timeout", func() bool { return b.queues.Counts(source).Visible == 1 })
	b.SetPaused(arn, false)
	b.eventually("the end", b.settled(source, 0))
	if got := b.handled(); !slices.Equal(got, []string{"warm", "one"}) {
		t.Errorf("handled are %v", got)
	}
}

func TestAPausedFunctionsEventsWaitAndItsCallersDoNot(t *testing.T) {
	b := newBench(t, nil)
	paused := b.add("behave", nil)
	b.SetPaused(paused, true)
	b.SetPaused(paused, true)
	dead := b.addQueue("dead", nil)
	other := b.add("batch", func(f *lambda.Function) { f.DeadLetterARN = dead })
	if err := b.InvokeAsync(t.Context(), paused, []byte(`{"do": "echo"}`)); err != nil {
		t.Fatal(err)
	}
	if result := b.invoke(paused, "echo"); result.FunctionError != "" {
		t.Errorf("the call is answered by %s", result.Payload)
	}
	b.SetPaused("no such function", true)
	if result := b.invoke(other, "echo"); result.RequestID == "" {
		t.Errorf("the other function answers %+v", result)
	}
	if b.Idle() {
		t.Error("it is idle while an event waits")
	}
	b.SetPaused(paused, false)
	b.eventually("the end", b.Idle)
}

func TestAPausedServiceCanBeClosed(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	b.SetPaused(arn, true)
	if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "echo"}`)); err != nil {
		t.Fatal(err)
	}
	b.Close()
}
