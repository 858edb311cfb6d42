package conformance_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// queue is a queue of the stack, for the tests that use it alone.
type queue struct{ url string }

func queueOf(output string) queue { return queue{cloud.output(output)} }

func (q queue) send(t *testing.T, in sqs.SendMessageInput) *sqs.SendMessageOutput {
	t.Helper()
	in.QueueUrl = &q.url
	out, err := cloud.queues.SendMessage(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// hidden is how long receives hide messages in these tests: longer than any test.
const hidden = 120

// receive receives once, waiting for the given number of seconds, and hides what
// it gets.
func (q queue) receive(t *testing.T, number, wait int32) []types.Message {
	t.Helper()
	out, err := cloud.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: number, WaitTimeSeconds: wait, VisibilityTimeout: hidden,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// next receives until there is a message, which is hidden from then on.
func (q queue) next(t *testing.T) types.Message {
	t.Helper()
	var found types.Message
	eventually(t, "a message", func() error {
		messages := q.receive(t, 1, 1)
		if len(messages) == 0 {
			return errors.New("the queue returns none")
		}
		found = messages[0]
		return nil
	})
	return found
}

// collect receives until it has the given number of messages, all hidden.
func (q queue) collect(t *testing.T, number int) []types.Message {
	t.Helper()
	var found []types.Message
	eventually(t, fmt.Sprintf("%d messages", number), func() error {
		found = append(found, q.receive(t, 10, 1)...)
		if len(found) < number {
			return fmt.Errorf("there are %d", len(found))
		}
		return nil
	})
	return found
}

func (q queue) delete(t *testing.T, messages ...types.Message) {
	t.Helper()
	for _, message := range messages {
		if _, err := cloud.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: message.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
}

// show returns a received message visible after the given number of seconds.
func (q queue) show(t *testing.T, message types.Message, after int32) {
	t.Helper()
	_, err := cloud.queues.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: after,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// attributes reads attributes of the queue.
func (q queue) attributes(t *testing.T, names ...types.QueueAttributeName) map[string]string {
	t.Helper()
	out, err := cloud.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

func bodies(messages []types.Message) []string {
	var all []string
	for _, message := range messages {
		all = append(all, *message.Body)
	}
	return all
}

// TestAStandardQueue uses one queue, one rule after the other: each leaves it
// empty.
func TestAStandardQueue(t *testing.T) {
	t.Parallel()
	q := queueOf("Standard")
	t.Run("a message is delivered with its attributes", func(t *testing.T) {
		rule(t, "SQ-14", "SQ-15")
		body := unique()
		sent := q.send(t, sqs.SendMessageInput{MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{
			"text":   {DataType: aws.String("String.kind"), StringValue: aws.String("value")},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("42")},
			"binary": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		}})
		got := q.next(t)
		if *got.MessageId != *sent.MessageId || *got.Body != body || *got.MD5OfBody != *sent.MD5OfMessageBody || *got.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
			t.Errorf("%+v was sent, %+v is received", sent, got)
		}
		if sent.SequenceNumber != nil || got.Attributes["SequenceNumber"] != "" {
			t.Error("a standard queue returns a sequence number")
		}
		if attribute(got, "text") != "value" || attribute(got, "number") != "42" || !cmp.Equal(got.MessageAttributes["binary"].BinaryValue, []byte{0, 255}) {
			t.Errorf("the attributes are %+v", got.MessageAttributes)
		}
		for _, name := range []string{"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"} {
			if got.Attributes[name] == "" {
				t.Errorf("the attribute %s is missing", name)
			}
		}
		q.delete(t, got)
	})
	t.Run("a received message is hidden until its timeout, and its receives are counted", func(t *testing.T) {
		rule(t, "SQ-38", "SQ-39")
		body := unique()
		q.send(t, sqs.SendMessageInput{MessageBody: &body})
		first := q.next(t)
		if again := q.receive(t, 10, 0); len(again) != 0 {
			t.Errorf("the queue returns %v again", bodies(again))
		}
		began := time.Now()
		q.show(t, first, 1)
		second := q.next(t)
		if waited := time.Since(began); waited < 900*time.Millisecond {
			t.Errorf("the message is visible after %s, want a second", waited)
		}
		if *second.MessageId != *first.MessageId || first.Attributes["ApproximateReceiveCount"] != "1" || second.Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("the receives are %v and %v", first.Attributes, second.Attributes)
		}
		if first.Attributes["ApproximateFirstReceiveTimestamp"] != second.Attributes["ApproximateFirstReceiveTimestamp"] {
			t.Error("the first receive changes")
		}
		q.delete(t, second)
	})
	t.Run("a message that is deleted twice is no error", func(t *testing.T) {
		rule(t, "SQ-40")
		body := unique()
		q.send(t, sqs.SendMessageInput{MessageBody: &body})
		got := q.next(t)
		q.delete(t, got, got)
	})
	t.Run("a handle deletes also after the timeout", func(t *testing.T) {
		rule(t, "SQ-40")
		q.send(t, sqs.SendMessageInput{MessageBody: aws.String(unique())})
		got := q.next(t)
		q.show(t, got, 0)
		q.delete(t, got)
		if again := q.receive(t, 1, 0); len(again) != 0 {
			t.Errorf("the queue returns %s again", *again[0].Body)
		}
	})
	t.Run("a message with a delay comes later", func(t *testing.T) {
		rule(t, "SQ-4")
		body := unique()
		began := time.Now()
		q.send(t, sqs.SendMessageInput{MessageBody: &body, DelaySeconds: 1})
		q.delete(t, q.next(t))
		if waited := time.Since(began); waited < 900*time.Millisecond {
			t.Errorf("the message comes after %s, want a second", waited)
		}
	})
	t.Run("a group is a label, and blocks nothing", func(t *testing.T) {
		rule(t, "SQ-51", "SQ-54")
		for range 2 {
			q.send(t, sqs.SendMessageInput{MessageBody: aws.String(unique()), MessageGroupId: aws.String("tenant")})
		}
		got := q.collect(t, 2)
		if got[0].Attributes["MessageGroupId"] != "tenant" {
			t.Errorf("the attributes are %v", got[0].Attributes)
		}
		q.delete(t, got...)
	})
}

func TestAReceiveWaitsForAMessageAndNoLonger(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-30")
	q := queueOf("Polled")
	type answer struct {
		out *sqs.ReceiveMessageOutput
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		out, err := cloud.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url, WaitTimeSeconds: 20})
		answers <- answer{out, err}
	}()
	// While that one waits, others do not find anything either.
	began := time.Now()
	for _, wait := range []int32{0, 1} {
		if got := q.receive(t, 1, wait); got != nil {
			t.Fatalf("an empty queue returns %v", bodies(got))
		}
	}
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Errorf("the receive ends after %s, want a second", waited)
	}
	body := unique()
	began = time.Now()
	q.send(t, sqs.SendMessageInput{MessageBody: &body})
	got := <-answers
	if waited := time.Since(began); got.err != nil || len(got.out.Messages) != 1 || waited > 10*time.Second {
		t.Fatalf("the waiting receive returns %+v after %s", got, waited)
	}
	q.delete(t, got.out.Messages...)
}

func TestAQueueHasTheDefaultsOfItsAttributes(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-1", "SQ-2", "SQ-3", "SQ-4", "SQ-5")
	want := map[string]string{
		"VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
		"DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0",
	}
	var names []types.QueueAttributeName
	for name := range want {
		names = append(names, types.QueueAttributeName(name))
	}
	if diff := cmp.Diff(want, queueOf("Standard").attributes(t, names...)); diff != "" {
		t.Error(diff)
	}
}

func TestAGeneratedNameHasTheLogicalID(t *testing.T) {
	t.Parallel()
	rule(t, "CF-1")
	for output, want := range map[string]string{"Standard": `-Standard-\w+$`, "Fifo": `-Fifo-\w+\.fifo$`} {
		if name := resourceName(cloud.output(output)); !regexp.MustCompile(want).MatchString(name) {
			t.Errorf("the queue %s has the name %s, want %s", output, name, want)
		}
	}
}

func TestMessagesWithAndWithoutALabelMayBeMixed(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-51", "SQ-52", "SQ-54")
	q := queueOf("Mixed")
	for _, group := range []*string{nil, aws.String("one"), aws.String("two"), aws.String("one")} {
		q.send(t, sqs.SendMessageInput{MessageBody: aws.String("text"), MessageGroupId: group})
	}
	groups := map[string]int{}
	got := q.collect(t, 4)
	for _, message := range got {
		groups[message.Attributes["MessageGroupId"]]++
	}
	if diff := cmp.Diff(map[string]int{"": 1, "one": 2, "two": 1}, groups); diff != "" {
		t.Error(diff)
	}
	q.delete(t, got...)
}

func TestAQueueIsPurgedOnceAMinute(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-56")
	q := queueOf("Purged")
	q.send(t, sqs.SendMessageInput{MessageBody: aws.String("text")})
	purge := func() error {
		_, err := cloud.queues.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &q.url})
		return err
	}
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, purge(), "PurgeQueueInProgress", "")
	eventually(t, "the queue is empty", func() error {
		if got := q.attributes(t, types.QueueAttributeNameApproximateNumberOfMessages); got["ApproximateNumberOfMessages"] != "0" {
			return fmt.Errorf("its attributes are %v", got)
		}
		return nil
	})
}

func TestWhatAReceiveRefuses(t *testing.T) {
	t.Parallel()
	q := queueOf("Polled")
	for _, c := range []struct {
		id, rule string
		in       sqs.ReceiveMessageInput
		code     string
	}{
		{"SQ-30", "more than ten messages", sqs.ReceiveMessageInput{MaxNumberOfMessages: 11}, "InvalidParameterValue"},
		{"SQ-30", "a wait of more than 20 seconds", sqs.ReceiveMessageInput{WaitTimeSeconds: 21}, "InvalidParameterValue"},
		{"SQ-39", "a timeout of more than 12 hours", sqs.ReceiveMessageInput{VisibilityTimeout: 43201}, "InvalidParameterValue"},
		{"SQ-55", "a queue that does not exist", sqs.ReceiveMessageInput{QueueUrl: aws.String(q.url + "-none")}, "NonExistentQueue QueueDoesNotExist"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			if c.in.QueueUrl == nil {
				c.in.QueueUrl = &q.url
			}
			_, err := cloud.queues.ReceiveMessage(t.Context(), &c.in)
			if code, message := refusal(t, err); !strings.Contains(c.code, code) {
				t.Errorf("the error is %s: %s", code, message)
			}
		})
	}
}
