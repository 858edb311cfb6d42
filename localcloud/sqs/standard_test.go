package sqs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
)

func TestAReceivedMessageIsHiddenUntilItsVisibilityTimeout(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		b.send("a", "")
		first := b.receive()
		b.expect(first, "a")
		time.Sleep(29 * time.Second)
		b.expect(b.receive())
		time.Sleep(time.Second)
		second := b.receive()
		b.expect(second, "a")
		if got := second[0].Attributes["ApproximateReceiveCount"]; got != "2" {
			b.Errorf("the receive count is %s, want 2", got)
		}
		if second[0].Attributes["ApproximateFirstReceiveTimestamp"] != first[0].Attributes["ApproximateFirstReceiveTimestamp"] {
			b.Error("the time of the first receive has changed")
		}
		b.delete(second...)
		time.Sleep(time.Hour)
		b.expect(b.receive())
	})
}

func TestADelayedMessageArrivesLater(t *testing.T) {
	late := standard("q")
	late.Delay = 10 * time.Second
	virtually(t, sqs.Config{}, []sqs.Queue{late}, func(b *bench) {
		b.send("queue's delay", "")
		if _, err := b.service.SendMessage(b.Context(), &sqs.SendMessageInput{
			QueueUrl: b.url, MessageBody: "own delay", DelaySeconds: new(3),
		}); err != nil {
			b.Fatal(err)
		}
		if got, want := b.service.Counts(arnStart+"q"), (sqs.Counts{Delayed: 2}); got != want {
			b.Errorf("the counts are %+v, want %+v", got, want)
		}
		start := time.Now()
		b.expect(b.receiveFrom(b.url, 10, 20), "own delay")
		b.expect(b.receiveFrom(b.url, 10, 20), "queue's delay")
		if waited := time.Since(start); waited != 10*time.Second {
			b.Errorf("waited %s, want 10s", waited)
		}
	})
}

func TestALongPollWakesAtOnce(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		start := time.Now()
		b.expect(b.receiveFrom(b.url, 1, 20))
		if waited := time.Since(start); waited != 20*time.Second {
			b.Errorf("an empty queue was polled for %s, want 20s", waited)
		}
		start = time.Now()
		go func() {
			time.Sleep(7 * time.Second)
			b.send("sent", "")
		}()
		b.expect(b.receiveFrom(b.url, 1, 20), "sent")
		if waited := time.Since(start); waited != 7*time.Second {
			b.Errorf("a sent message came after %s, want 7s", waited)
		}
		start = time.Now()
		held := b.receiveFrom(b.url, 1, 20)
		b.expect(held)
		b.expect(b.receiveFrom(b.url, 1, 20), "sent")
		if waited := time.Since(start); waited != 30*time.Second {
			b.Errorf("a message became visible after %s, want 30s", waited)
		}
	})
}

func TestALongPollEndsWithItsContext(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		_, err := b.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: b.url, WaitTimeSeconds: new(20)})
		if !errors.Is(err, context.DeadlineExceeded) {
			b.Errorf("the error is %v, want the context's", err)
		}
	})
}

func TestAMessageIsKeptForTheRetentionPeriod(t *testing.T) {
	short := standard("q")
	short.Retention = time.Minute
	virtually(t, sqs.Config{}, []sqs.Queue{short}, func(b *bench) {
		b.send("a", "")
		time.Sleep(59 * time.Second)
		b.send("b", "")
		time.Sleep(time.Second)
		b.expect(b.receive(), "b")
	})
}

func TestAMessageThatIsNotDeletedWithinItsRetentionIsLost(t *testing.T) {
	short := standard("q")
	short.Retention = time.Minute
	var lost []loss.Loss
	virtually(t, sqs.Config{Lost: func(l loss.Loss) { lost = append(lost, l) }}, []sqs.Queue{short}, func(b *bench) {
		b.send("deleted", "")
		b.delete(b.receive()...)
		b.send("purged", "")
		if _, err := b.service.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: b.url}); err != nil {
			t.Fatal(err)
		}
		id := b.send(`{"id": "1", "type": "order.placed", "subject": "o-1"}`, "").MessageId
		b.receive()
		time.Sleep(time.Minute)
		b.expect(b.receive())
		if diff := cmp.Diff([]loss.Loss{{
			Kind: loss.Queue, Name: short.ARN, Event: loss.Event{ID: "1", Type: "order.placed", Subject: "o-1"},
			Reason: "the message " + id + " was not deleted within the retention of 1m0s; it was received 1 times",
		}}, lost); diff != "" {
			t.Errorf("lost (-want +got):\n%s", diff)
		}
	})
}

func TestOldReceiptHandlesOfAStandardQueue(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		b.send("a", "")
		old := b.receive()
		time.Sleep(30 * time.Second)
		again := b.receive()
		b.expect(again, "a")
		b.delete(old...) // Succeeds and does nothing: the message was received again.
		time.Sleep(30 * time.Second)
		if got := b.service.Counts(arnStart + "q").Visible; got != 1 {
			b.Fatalf("%d messages are visible, want 1", got)
		}
		b.delete(again...) // The timeout is over, but it was not received again.
		b.expect(b.receive())
		b.delete(again...) // Deleting it twice is no error.
		b.expectCode(b.tryDelete("nonsense"), "ReceiptHandleIsInvalid")
	})
}

func TestChangingTheVisibility(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		b.send("a", "")
		first := b.receive()[0]
		time.Sleep(20 * time.Second)
		if err := b.hide(first, 25); err != nil { // Counts from now.
			b.Fatal(err)
		}
		time.Sleep(24 * time.Second)
		b.expect(b.receive())
		time.Sleep(time.Second)
		second := b.receive()[0]
		if err := b.hide(second, 0); err != nil {
			b.Fatal(err)
		}
		b.expectCode(b.hide(second, 10), "MessageNotInflight")
		third := b.receive()[0]
		b.expectCode(b.hide(third, 43201), "InvalidParameterValue")
		time.Sleep(time.Second)
		b.expectCode(b.hide(third, 43200), "InvalidParameterValue") // 12 hours count from the receive.
		b.delete(third)
		b.expectCode(b.hide(third, 1), "InvalidParameterValue")
	})
}

func TestRequestsAreCountedAsSQSBillsThem(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		if _, err := b.service.SendMessageBatch(b.Context(), &sqs.SendMessageBatchInput{QueueUrl: b.url, Entries: []sqs.SendMessageBatchRequestEntry{
			{Id: "1", SendMessageInput: sqs.SendMessageInput{MessageBody: "a"}}, {Id: "2", SendMessageInput: sqs.SendMessageInput{MessageBody: "b"}},
		}}); err != nil {
			b.Fatal(err)
		}
		b.delete(b.receiveFrom(b.url, 10, 0)...) // One delete for each of the two.
		b.expect(b.receiveFrom(b.url, 10, 20))
		if got, want := b.service.Requests(arnStart+"q"), (sqs.Requests{Sends: 1, Receives: 1, EmptyReceives: 1, Deletes: 2}); got != want {
			b.Errorf("the requests are %+v, want %+v", got, want)
		}
	})
}
