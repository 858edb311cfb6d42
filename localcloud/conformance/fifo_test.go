package conformance_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
)

// group sends messages to a FIFO queue, in one group.
func (q queue) group(t *testing.T, group string, bodies ...string) []*sqs.SendMessageOutput {
	t.Helper()
	var sent []*sqs.SendMessageOutput
	for _, body := range bodies {
		sent = append(sent, q.send(t, sqs.SendMessageInput{MessageBody: &body, MessageGroupId: &group}))
	}
	return sent
}

// TestAFIFOQueue uses one queue, one rule after the other: each leaves it empty.
func TestAFIFOQueue(t *testing.T) {
	t.Parallel()
	q := queueOf("Fifo")
	t.Run("a group is delivered in order, also after its timeout, before what was sent later", func(t *testing.T) {
		rule(t, "SQ-15", "SQ-32", "SQ-34")
		test := unique()
		sent := q.group(t, test, test+"1", test+"2", test+"3")
		if *sent[0].SequenceNumber >= *sent[1].SequenceNumber || len(*sent[0].SequenceNumber) != 20 {
			t.Errorf("the sequence numbers are %s and %s", *sent[0].SequenceNumber, *sent[1].SequenceNumber)
		}
		first := q.receive(t, 2, 1)
		if diff := cmp.Diff([]string{test + "1", test + "2"}, bodies(first)); diff != "" {
			t.Fatal(diff)
		}
		if got := first[0].Attributes; got["MessageGroupId"] != test || got["MessageDeduplicationId"] == "" || got["SequenceNumber"] != *sent[0].SequenceNumber {
			t.Errorf("the attributes are %v", got)
		}
		q.show(t, first[1], 0)
		q.show(t, first[0], 0)
		again := q.collect(t, 3)
		if diff := cmp.Diff([]string{test + "1", test + "2", test + "3"}, bodies(again)); diff != "" {
			t.Error(diff)
		}
		if counts := again[0].Attributes["ApproximateReceiveCount"] + again[2].Attributes["ApproximateReceiveCount"]; counts != "21" {
			t.Errorf("the first and the last message have been received %s times", counts)
		}
		q.delete(t, again...)
	})
	t.Run("a group with a message in flight is blocked, and other groups are not", func(t *testing.T) {
		rule(t, "SQ-31", "SQ-33", "SQ-35")
		test := unique()
		q.group(t, test, test+"1", test+"2")
		first := q.next(t)
		q.group(t, test, test+"3")
		q.group(t, test+"other", test+"4")
		other := q.receive(t, 10, 1)
		if diff := cmp.Diff([]string{test + "4"}, bodies(other)); diff != "" {
			t.Error(diff)
		}
		q.delete(t, first)
		rest := q.collect(t, 2)
		if diff := cmp.Diff([]string{test + "2", test + "3"}, bodies(rest)); diff != "" {
			t.Error(diff)
		}
		q.delete(t, append(rest, other...)...)
	})
	t.Run("a group is blocked until all that was received of it is deleted or visible", func(t *testing.T) {
		rule(t, "SQ-35")
		test := unique()
		q.group(t, test, test+"1", test+"2", test+"3")
		got := q.receive(t, 2, 1)
		q.delete(t, got[0])
		if more := q.receive(t, 10, 0); len(more) != 0 {
			t.Errorf("the blocked group returns %v", bodies(more))
		}
		q.delete(t, got[1])
		last := q.next(t)
		if *last.Body != test+"3" {
			t.Errorf("the next message is %s", *last.Body)
		}
		q.delete(t, last)
	})
	t.Run("the first of a group that becomes visible comes alone", func(t *testing.T) {
		rule(t, "SQ-36")
		test := unique()
		q.group(t, test, test+"1", test+"2")
		got := q.receive(t, 2, 1)
		q.show(t, got[0], 0)
		again := q.receive(t, 10, 1)
		if diff := cmp.Diff([]string{test + "1"}, bodies(again)); diff != "" {
			t.Error(diff)
		}
		q.delete(t, append(again, got[1])...)
	})
	t.Run("a message whose timeout is extended stays hidden with all after it", func(t *testing.T) {
		rule(t, "SQ-37")
		test := unique()
		q.group(t, test, test+"1", test+"2", test+"3")
		got := q.receive(t, 3, 1)
		q.show(t, got[1], hidden)
		q.show(t, got[2], 0)
		q.show(t, got[0], 0)
		again := q.receive(t, 10, 1)
		if diff := cmp.Diff([]string{test + "1"}, bodies(again)); diff != "" {
			t.Error(diff)
		}
		q.delete(t, append(again, got[1])...)
		last := q.next(t)
		if *last.Body != test+"3" {
			t.Errorf("the next message is %s", *last.Body)
		}
		q.delete(t, last)
	})
	t.Run("a handle whose time is over deletes nothing", func(t *testing.T) {
		rule(t, "SQ-40")
		test := unique()
		q.group(t, test, test)
		got := q.next(t)
		q.show(t, got, 0)
		_, err := cloud.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: got.ReceiptHandle})
		wantRefusal(t, err, "InvalidParameterValue", "The receipt handle has expired")
		q.delete(t, q.next(t))
	})
	t.Run("a duplicate is accepted and not delivered, also after the first is deleted", func(t *testing.T) {
		rule(t, "SQ-9", "SQ-25", "SQ-26", "SQ-27")
		test := unique()
		q.group(t, test, test)
		q.delete(t, q.next(t))
		if got := q.group(t, test, test); got[0].MessageId == nil {
			t.Error("the duplicate gets no id")
		}
		// The attributes do not count, only the body does.
		q.send(t, sqs.SendMessageInput{MessageBody: &test, MessageGroupId: &test, MessageAttributes: textAttribute("kind", "other")})
		q.group(t, test, test+"next")
		got := q.next(t)
		if *got.Body != test+"next" {
			t.Errorf("%s is delivered", *got.Body)
		}
		q.delete(t, got)
	})
	t.Run("an id of the sender's counts instead of the body", func(t *testing.T) {
		rule(t, "SQ-27")
		test := unique()
		for _, id := range []string{"1", "1", "2"} {
			q.send(t, sqs.SendMessageInput{MessageBody: &test, MessageGroupId: &test, MessageDeduplicationId: aws.String(test + id)})
		}
		got := q.collect(t, 2)
		if ids := got[0].Attributes["MessageDeduplicationId"] + got[1].Attributes["MessageDeduplicationId"]; len(got) != 2 || ids != test+"1"+test+"2" {
			t.Errorf("%d messages are delivered, with the ids %s", len(got), ids)
		}
		q.delete(t, got...)
	})
	t.Run("a duplicate in another group is one too", func(t *testing.T) {
		rule(t, "SQ-28")
		test := unique()
		q.group(t, test+"a", test)
		q.group(t, test+"b", test)
		got := q.next(t)
		q.delete(t, got)
		if more := q.receive(t, 10, 0); len(more) != 0 {
			t.Errorf("the duplicate is delivered in the group %s", more[0].Attributes["MessageGroupId"])
		}
	})
}

func TestWithDeduplicationPerGroupTheSameBodyMayBeInTwoGroups(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-10", "SQ-28")
	q, test := queueOf("FifoPerGroup"), unique()
	q.group(t, test+"a", test, test)
	q.group(t, test+"b", test)
	got := q.collect(t, 2)
	groups := map[string]bool{}
	for _, message := range got {
		groups[message.Attributes["MessageGroupId"]] = true
	}
	if diff := cmp.Diff(map[string]bool{test + "a": true, test + "b": true}, groups); diff != "" || len(got) != 2 {
		t.Errorf("%d messages: %s", len(got), diff)
	}
	q.delete(t, got...)
}
