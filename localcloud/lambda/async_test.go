package lambda_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

func (b *bench) addQueue(name string, edit func(*sqs.Queue)) string {
	b.Helper()
	q := sqs.Queue{
		Name: name, ARN: queueARN + name, URL: "http://127.0.0.1:4566/" + account + "/" + name,
		VisibilityTimeout: 20 * time.Second,
	}
	if edit != nil {
		edit(&q)
	}
	if err := b.queues.Create(q); err != nil {
		b.Fatal(err)
	}
	return q.ARN
}

func (b *bench) receiveAll(arn string) []sqs.Message {
	b.Helper()
	url, _ := b.queues.URL(arn)
	out, err := b.queues.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: new(10), MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []string{"All"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return out.Messages
}

func TestAnAsynchronousEventThatKeepsFailingBecomesADeadLetter(t *testing.T) {
	b := newBench(t, nil)
	dead := b.addQueue("dead", nil)
	arn := b.add("behave", func(f *lambda.Function) { f.DeadLetterARN = dead })
	const event = `{"do": "error"}`
	if err := b.InvokeAsync(t.Context(), arn, []byte(event)); err != nil {
		t.Fatal(err)
	}
	if b.Idle() {
		t.Error("it is idle while an event waits")
	}
	b.eventually("the dead letter", b.Idle)
	letters := b.receiveAll(dead)
	if len(letters) != 1 || letters[0].Body != event {
		t.Fatalf("the dead letters are %+v", letters)
	}
	got := letters[0].MessageAttributes
	if *got["ErrorCode"].StringValue != "200" || got["ErrorCode"].DataType != "Number" || *got["ErrorMessage"].StringValue != "it went wrong" || *got["RequestID"].StringValue == "" {
		t.Errorf("its attributes are %+v", got)
	}
	if letters[0].Attributes["SenderId"] != "AKIDFUNCTION" {
		t.Errorf("it was sent by %s, want the function's role", letters[0].Attributes["SenderId"])
	}
	attempts := 0
	for _, line := range b.written() {
		if len(line) > 0 && line[len(line)-1] == '}' {
			attempts++
		}
	}
	if attempts != 3 {
		t.Errorf("there were %d attempts, want 3:\n%q", attempts, b.written())
	}
}

func TestAsynchronousEventsWaitWhileTheFunctionIsThrottled(t *testing.T) {
	b := newBench(t, nil)
	dead := b.addQueue("dead", nil)
	arn := b.add("behave", func(f *lambda.Function) { f.DeadLetterARN, f.Concurrency = dead, 1 })
	for range 5 {
		if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "print"}`)); err != nil {
			t.Fatal(err)
		}
	}
	b.eventually("the end", b.Idle)
	b.eventually("all output", func() bool { return count(b.written(), "out 2") == 5 })
	if got := b.queues.Counts(dead); got != (sqs.Counts{}) {
		t.Errorf("the dead-letter queue has %+v", got)
	}
}

func count(lines []string, want string) int {
	n := 0
	for _, line := range lines {
		if line == want {
			n++
		}
	}
	return n
}

func TestAnEventTooOldForAnotherAttemptIsGivenUp(t *testing.T) {
	b := newBench(t, func(c *lambda.Config) { c.AsyncRetryDelays = nil }) // AWS's: the first is a minute.
	dead := b.addQueue("dead", nil)
	arn := b.add("behave", func(f *lambda.Function) {
		f.DeadLetterARN, f.Retries = dead, map[string]lambda.Retries{"$LATEST": {MaximumEventAge: time.Minute}}
	})
	if err := b.InvokeAsync(t.Context(), arn, []byte(`{"do": "error"}`)); err != nil {
		t.Fatal(err)
	}
	b.eventually("the dead letter", b.Idle)
	if got := b.queues.Counts(dead).Visible; got != 1 {
		t.Errorf("%d dead letters, want 1", got)
	}
}

func TestALargeAsynchronousEventIsRefused(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	if err := b.InvokeAsync(t.Context(), arn, make([]byte, 1<<20+1)); err == nil {
		t.Error("it was accepted")
	}
}

// refusing are queues to which the caller may send nothing.
func refusing() sqs.Config {
	return sqs.Config{Clock: time.Now, Authorize: func(_ context.Context, action, _ string, _ map[string][]string) error {
		if action == "sqs:SendMessage" {
			return wire.Errorf("AccessDenied", "no SendMessage")
		}
		return nil
	}}
}

func TestAnAsynchronousEventThatNoDeadLetterQueueAcceptsIsLost(t *testing.T) {
	const failure = `{"id": "1", "type": "order.placed", "subject": "o-1", "do": "error"}`
	for name, test := range map[string]struct {
		queues sqs.Config
		// dead is the function's dead-letter queue, which is created if it is called dead.
		dead, event, want string
	}{
		"because there is none":               {sqs.Config{Clock: time.Now}, "", failure, "it went wrong; the function has no dead-letter queue"},
		"because it does not exist":           {sqs.Config{Clock: time.Now}, "none", failure, "it went wrong; its dead-letter queue " + queueARN + "none does not exist"},
		"because it denies":                   {refusing(), "dead", failure, "does not accept it: AccessDenied: no SendMessage"},
		"because it cannot hold the contents": {sqs.Config{Clock: time.Now}, "dead", strings.Replace(failure, "o-1", "o-1\", \"x\": \"\uffff", 1), "InvalidMessageContents"},
	} {
		t.Run(name, func(t *testing.T) {
			lost := make(chan loss.Loss, 10)
			b := newBenchOn(t, test.queues, func(c *lambda.Config) { c.Lost = func(l loss.Loss) { lost <- l } })
			arn := b.add("behave", func(f *lambda.Function) {
				if test.dead != "" {
					f.DeadLetterARN = queueARN + test.dead
				}
			})
			if test.dead == "dead" {
				b.addQueue("dead", nil)
			}
			if err := b.InvokeAsync(t.Context(), arn, []byte(test.event)); err != nil {
				t.Fatal(err)
			}
			b.eventually("the end", b.Idle)
			close(lost)
			var got []loss.Loss
			for each := range lost {
				got = append(got, each)
			}
			if len(got) != 1 || got[0].Kind != loss.Function || got[0].Name != arn || !strings.Contains(got[0].Reason, test.want) ||
				got[0].Event != (loss.Event{ID: "1", Type: "order.placed", Subject: "o-1"}) {
				t.Errorf("lost is %+v, want one invocation because %s", got, test.want)
			}
		})
	}
}
