package conformance_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

func textAttribute(name, value string) map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{name: {DataType: aws.String("String"), StringValue: &value}}
}

// fail receives a message and makes it visible again, as a consumer that fails.
func (q queue) fail(t *testing.T) types.Message {
	t.Helper()
	got := q.next(t)
	q.show(t, got, 0)
	return got
}

// exhaust receives until a message has been moved to the dead-letter queue: it
// is moved by the receive after the last one that is allowed.
func (q queue) exhaust(t *testing.T, dead queue) types.Message {
	t.Helper()
	var found types.Message
	eventually(t, "the message in the dead-letter queue", func() error {
		if got := q.receive(t, 1, 0); len(got) != 0 {
			t.Fatalf("the queue gives a message %s times", got[0].Attributes["ApproximateReceiveCount"])
		}
		got := dead.receive(t, 1, 0)
		if len(got) == 0 {
			return fmt.Errorf("it is not there")
		}
		found = got[0]
		return nil
	})
	return found
}

func TestAMessageReceivedTooOftenIsMovedUnchangedToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-6", "SQ-38", "SQ-45", "SQ-46", "SQ-49", "SQ-50", "CF-2")
	q, dead := queueOf("Redriven"), queueOf("RedrivenDead")
	body := unique()
	sent := q.send(t, sqs.SendMessageInput{MessageBody: &body, MessageAttributes: textAttribute("kind", "poison")})
	first := q.fail(t)
	q.fail(t)
	moved := q.exhaust(t, dead)
	if *moved.MessageId != *sent.MessageId || *moved.Body != body || attribute(moved, "kind") != "poison" {
		t.Errorf("the message is %+v, want the one that was sent, %s", moved, *sent.MessageId)
	}
	if got, want := moved.Attributes["SentTimestamp"], first.Attributes["SentTimestamp"]; got != want {
		t.Errorf("it was sent at %s, want %s", got, want)
	}
	if got := moved.Attributes["ApproximateReceiveCount"]; got != "3" {
		t.Errorf("its receive count is %s, want 3: the count goes on", got)
	}
	arn := q.attributes(t, types.QueueAttributeNameQueueArn)["QueueArn"]
	if got := moved.Attributes["DeadLetterQueueSourceArn"]; got != arn {
		t.Errorf("it comes from %s, want %s", got, arn)
	}
	dead.show(t, moved, 0)
	t.Run("and comes back as a new message", func(t *testing.T) { redrive(t, q, dead, moved) })
}

func redrive(t *testing.T, q, dead queue, moved types.Message) {
	t.Helper()
	arn := dead.attributes(t, types.QueueAttributeNameQueueArn)["QueueArn"]
	if _, err := cloud.queues.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: &arn}); err != nil {
		t.Fatal(err)
	}
	back := q.next(t)
	if *back.Body != *moved.Body || attribute(back, "kind") != attribute(moved, "kind") {
		t.Errorf("the message comes back as %+v", back)
	}
	if *back.MessageId == *moved.MessageId || back.Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("it has the id %s, as before, or the receive count %s, want 1", *back.MessageId, back.Attributes["ApproximateReceiveCount"])
	}
	q.delete(t, back)
	_, err := cloud.queues.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(arn + "-none")})
	wantRefusal(t, err, "ResourceNotFoundException", "")
}

func TestAFIFODeadLetterQueueKeepsTheGroupIDAndUnblocksTheGroup(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-44", "SQ-46", "SQ-47")
	q, dead := queueOf("RedrivenFifo"), queueOf("RedrivenFifoDead")
	test := unique()
	var sent []*sqs.SendMessageOutput
	for _, number := range []string{"1", "2"} {
		sent = append(sent, q.send(t, sqs.SendMessageInput{MessageBody: aws.String(test + number), MessageGroupId: &test, MessageDeduplicationId: aws.String(test + number)}))
	}
	q.fail(t)
	// The order is broken: the second message of the group comes although the
	// first was never handled.
	next := q.next(t)
	if *next.Body != test+"2" {
		t.Errorf("the next message is %s", *next.Body)
	}
	q.delete(t, next)
	moved := dead.next(t)
	if *moved.MessageId != *sent[0].MessageId || *moved.Body != test+"1" || moved.Attributes["MessageGroupId"] != test {
		t.Errorf("the dead letter is %+v", moved)
	}
	// Observed, not documented: the id of the message takes the place of the id
	// that duplicates are recognised by.
	if diff := cmp.Diff(*moved.MessageId, moved.Attributes["MessageDeduplicationId"]); diff != "" {
		t.Error(diff)
	}
	dead.delete(t, moved)
}
