package sqs_test

import (
	"testing"
	"time"

	"example.com/saga/localcloud/sqs"
)

func withDeadLetters(q, deadLetters sqs.Queue, receives int) []sqs.Queue {
	deadLetters.Retention = 14 * 24 * time.Hour
	q.Redrive = &sqs.Redrive{DeadLetterARN: deadLetters.ARN, MaxReceiveCount: receives}
	return []sqs.Queue{deadLetters, q}
}

func TestAMessageReceivedTooOftenIsMovedToTheDeadLetterQueue(t *testing.T) {
	virtually(t, sqs.Config{}, withDeadLetters(standard("q"), standard("dead"), 2), func(b *bench) {
		text := "v"
		if _, err := b.service.SendMessage(b.Context(), &sqs.SendMessageInput{
			QueueUrl: b.url, MessageBody: "poison",
			MessageAttributes: map[string]sqs.MessageAttribute{"k": {DataType: "String", StringValue: &text}},
		}); err != nil {
			b.Fatal(err)
		}
		var last sqs.Message
		for range 2 {
			last = b.receive()[0]
			time.Sleep(30 * time.Second)
		}
		if got := b.service.Counts(arnStart + "q").Visible; got != 1 {
			b.Fatalf("it was moved before the next receive")
		}
		b.expect(b.receive())
		dead := b.receiveFrom(url("dead"), 10, 0)
		b.expect(dead, "poison")
		got := dead[0]
		if got.MessageId != last.MessageId || got.Attributes["SentTimestamp"] != last.Attributes["SentTimestamp"] || got.MD5OfMessageAttributes != last.MD5OfMessageAttributes {
			b.Errorf("the dead letter is %+v, want the id, sent time and attributes of %+v", got, last)
		}
		if got.Attributes["ApproximateReceiveCount"] != "3" || got.Attributes["DeadLetterQueueSourceArn"] != arnStart+"q" {
			b.Errorf("the dead letter's attributes are %v", got.Attributes)
		}
	})
}

func TestADeadLetterUnblocksItsGroupAndKeepsItsGroupID(t *testing.T) {
	virtually(t, sqs.Config{}, withDeadLetters(fifo("q"), fifo("dead"), 1), func(b *bench) {
		id := b.send("poison", "g").MessageId
		b.receive()
		b.send("next", "g")
		time.Sleep(30 * time.Second)
		b.expect(b.receive(), "next")
		dead := b.receiveFrom(url("dead.fifo"), 10, 0)
		b.expect(dead, "poison")
		if got := dead[0].Attributes; got["MessageGroupId"] != "g" || got["MessageDeduplicationId"] != id || dead[0].MessageId != id {
			b.Errorf("the dead letter's attributes are %v", got)
		}
	})
}

func TestALostDeleteDoesNotCountTowardsTheDeadLetterQueue(t *testing.T) {
	virtually(t, sqs.Config{DeliverTwice: true}, withDeadLetters(standard("q"), standard("dead"), 1), func(b *bench) {
		b.send("a", "")
		b.delete(b.receive()...)
		b.delete(b.receive()...)
		b.expect(b.receive())
		if got := b.service.Counts(arnStart + "dead"); got != (sqs.Counts{}) {
			b.Errorf("the dead-letter queue has %+v", got)
		}
	})
}

func TestRetentionInADeadLetterQueue(t *testing.T) {
	for _, kind := range []struct {
		name           string
		source, target sqs.Queue
		kept           time.Duration
	}{
		{"a standard one counts from the first sending", standard("q"), standard("dead"), 14*24*time.Hour - 30*time.Second},
		{"a FIFO one counts from the arrival", fifo("q"), fifo("dead"), 14 * 24 * time.Hour},
	} {
		t.Run(kind.name, func(t *testing.T) {
			virtually(t, sqs.Config{}, withDeadLetters(kind.source, kind.target, 1), func(b *bench) {
				b.send("a", "g")
				b.receive()
				time.Sleep(30 * time.Second)
				b.receive()
				time.Sleep(kind.kept - time.Second)
				if got := b.service.Counts(kind.target.ARN).Visible; got != 1 {
					b.Errorf("%d are left just before the end, want 1", got)
				}
				time.Sleep(time.Second)
				if got := b.service.Counts(kind.target.ARN).Visible; got != 0 {
					b.Errorf("%d are left at the end, want 0", got)
				}
			})
		})
	}
}

func (b *bench) move(source, destination string) error {
	_, err := b.service.StartMessageMoveTask(b.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: source, DestinationArn: destination})
	return err
}

func (b *bench) lastMove(source string) sqs.MoveTask {
	b.Helper()
	out, err := b.service.ListMessageMoveTasks(b.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: source})
	if err != nil {
		b.Fatal(err)
	}
	if len(out.Results) != 1 {
		b.Fatalf("%d tasks are listed, want the latest one", len(out.Results))
	}
	return out.Results[0]
}

func TestARedriveMakesNewMessagesOfDeadLetters(t *testing.T) {
	virtually(t, sqs.Config{}, withDeadLetters(fifo("q"), fifo("dead"), 1), func(b *bench) {
		id := b.send("poison", "g").MessageId
		b.receive()
		time.Sleep(30 * time.Second)
		b.receive()
		if err := b.move(arnStart+"dead.fifo", ""); err != nil {
			b.Fatal(err)
		}
		task := b.lastMove(arnStart + "dead.fifo")
		if task.Status != "COMPLETED" || task.ApproximateNumberOfMessagesMoved != 1 || task.ApproximateNumberOfMessagesToMove != 1 {
			b.Errorf("the task is %+v", task)
		}
		again := b.receive()
		b.expect(again, "poison")
		if again[0].MessageId == id || again[0].Attributes["ApproximateReceiveCount"] != "1" || again[0].Attributes["MessageGroupId"] != "g" {
			b.Errorf("the redriven message is %+v", again[0])
		}
		if source, found := again[0].Attributes["DeadLetterQueueSourceArn"]; found {
			b.Errorf("it still has the source %s", source)
		}
	})
}

func TestARedriveToADestination(t *testing.T) {
	queues := append(withDeadLetters(standard("q"), standard("dead"), 1), standard("elsewhere"), fifo("ordered"))
	virtually(t, sqs.Config{}, queues, func(b *bench) {
		b.url = url("dead")
		b.send("direct", "")
		if err := b.move(arnStart+"dead", ""); err != nil {
			b.Fatal(err)
		}
		if task := b.lastMove(arnStart + "dead"); task.Status != "FAILED" || task.FailureReason != "CouldNotDetermineMessageSource" {
			b.Errorf("the task is %+v, want a failed one: the message came from nowhere", task)
		}
		if err := b.move(arnStart+"dead", arnStart+"elsewhere"); err != nil {
			b.Fatal(err)
		}
		b.expect(b.receiveFrom(url("elsewhere"), 1, 0), "direct")
		b.expectCode(b.move(arnStart+"q", ""), "InvalidParameterValue")
		b.expectCode(b.move(arnStart+"none", ""), "ResourceNotFoundException")
		b.expectCode(b.move(arnStart+"dead", arnStart+"none"), "ResourceNotFoundException")
		b.expectCode(b.move(arnStart+"dead", arnStart+"ordered.fifo"), "InvalidParameterValue")
	})
}
