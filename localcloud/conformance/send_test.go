package conformance_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestABadEntryOfABatchFailsAlone(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-16")
	q := queueOf("Batched")
	good := unique()
	out, err := cloud.queues.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("bad"), MessageBody: aws.String("\x01")},
		{Id: aws.String("good"), MessageBody: &good},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 1 || *out.Successful[0].Id != "good" || len(out.Failed) != 1 || *out.Failed[0].Id != "bad" {
		t.Fatalf("the batch returns %+v and %+v", out.Successful, out.Failed)
	}
	if failure := out.Failed[0]; !failure.SenderFault || *failure.Code != "InvalidMessageContents" || aws.ToString(failure.Message) == "" {
		t.Errorf("the failure is %+v", failure)
	}
	got := q.next(t)
	if *got.Body != good || *got.MessageId != *out.Successful[0].MessageId {
		t.Errorf("%s is received, want %s", *got.Body, good)
	}
	deleted, err := cloud.queues.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
		{Id: aws.String("good"), ReceiptHandle: got.ReceiptHandle},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(deleted.Successful) != 1 || *deleted.Successful[0].Id != "good" || len(deleted.Failed) != 1 || *deleted.Failed[0].Id != "bad" {
		t.Errorf("the deletes return %+v and %+v", deleted.Successful, deleted.Failed)
	}
}

func TestBatchesThatAreRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	rule(t, "SQ-16", "SQ-18")
	standard, fifo := cloud.output("Batched"), cloud.output("Fifo")
	entries := func(number int, id func(int) string) []types.SendMessageBatchRequestEntry {
		made := []types.SendMessageBatchRequestEntry{}
		for i := range number {
			made = append(made, types.SendMessageBatchRequestEntry{Id: aws.String(id(i)), MessageBody: aws.String("text")})
		}
		return made
	}
	large := entries(2, strconv.Itoa)
	for i := range large {
		large[i].MessageBody = aws.String(strings.Repeat("x", 600_000))
	}
	for _, c := range []struct {
		rule, url string
		entries   []types.SendMessageBatchRequestEntry
		code      string
	}{
		{"no entries", standard, entries(0, strconv.Itoa), "EmptyBatchRequest"},
		{"eleven entries", standard, entries(11, strconv.Itoa), "TooManyEntriesInBatchRequest"},
		{"the same id twice", standard, entries(2, func(int) string { return "same" }), "BatchEntryIdsNotDistinct"},
		{"an id with a dot", standard, entries(1, func(int) string { return "a.b" }), "InvalidBatchEntryId"},
		{"more than a mebibyte in all", standard, large, "BatchRequestTooLong"},
		// A single message without a group misses a parameter; a batch has a wrong one.
		{"FIFO without a group", fifo, entries(1, strconv.Itoa), "InvalidParameterValue"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, err := cloud.queues.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &c.url, Entries: c.entries})
			wantRefusal(t, err, c.code, "")
		})
	}
}

func TestWhatAQueueRefuses(t *testing.T) {
	t.Parallel()
	standard, fifo, plain := cloud.output("Polled"), cloud.output("Fifo"), cloud.output("RedrivenFifo")
	long := strings.Repeat("x", 1<<20+1)
	text, group := aws.String("text"), aws.String("group")
	eleven := map[string]types.MessageAttributeValue{}
	for i := range 11 {
		eleven[strconv.Itoa(i)] = types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String("1")}
	}
	for _, c := range []struct {
		id, rule   string
		in         sqs.SendMessageInput
		code, part string
	}{
		{"SQ-13", "no body", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: aws.String("")}, "MissingParameter", "MessageBody"},
		{"SQ-13", "a character that is none of XML's", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: aws.String("\x01")}, "InvalidMessageContents", ""},
		{"SQ-13", "the last character of Unicode's first plane", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: aws.String("a\uFFFF")}, "InvalidMessageContents", ""},
		{
			"SQ-13", "such a character in an attribute",
			sqs.SendMessageInput{QueueUrl: &standard, MessageBody: text, MessageAttributes: map[string]types.MessageAttributeValue{
				"note": {DataType: aws.String("String"), StringValue: aws.String("a\uFFFF")},
			}},
			"InvalidParameterValue", "",
		},
		{"SQ-14", "eleven attributes", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: text, MessageAttributes: eleven}, "InvalidParameterValue", "10"},
		{"SQ-14", "an attribute of another type", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: text, MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("Boolean"), StringValue: aws.String("true")},
		}}, "InvalidParameterValue", ""},
		{"SQ-13", "more than a mebibyte", sqs.SendMessageInput{QueueUrl: &standard, MessageBody: &long}, "InvalidParameterValue", "Message must be shorter than 1048576 bytes"},
		{"SQ-55", "a queue that does not exist", sqs.SendMessageInput{QueueUrl: aws.String(standard + "-none"), MessageBody: text}, "QueueDoesNotExist", "The specified queue does not exist"},
		{"SQ-18", "FIFO without a group", sqs.SendMessageInput{QueueUrl: &fifo, MessageBody: text}, "MissingParameter", "MessageGroupId"},
		{"SQ-18", "a group with a space", sqs.SendMessageInput{QueueUrl: &fifo, MessageBody: text, MessageGroupId: aws.String("a b")}, "InvalidParameterValue", "MessageGroupId"},
		{"SQ-17", "FIFO with a delay", sqs.SendMessageInput{QueueUrl: &fifo, MessageBody: text, MessageGroupId: group, DelaySeconds: 1}, "InvalidParameterValue", "DelaySeconds"},
		{"SQ-20", "FIFO with nothing to recognise duplicates by", sqs.SendMessageInput{QueueUrl: &plain, MessageBody: text, MessageGroupId: group}, "InvalidParameterValue", "ContentBasedDeduplication enabled or MessageDeduplicationId provided"},
		{"SQ-19", "a de-duplication id with a space", sqs.SendMessageInput{QueueUrl: &fifo, MessageBody: text, MessageGroupId: group, MessageDeduplicationId: aws.String("a b")}, "InvalidParameterValue", "MessageDeduplicationId"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			_, err := cloud.queues.SendMessage(t.Context(), &c.in)
			code, message := refusal(t, err)
			// The older protocol's name of the code is still returned.
			code = strings.Replace(code, "NonExistentQueue", "QueueDoesNotExist", 1)
			if code != c.code || !strings.Contains(message, c.part) {
				t.Errorf("the error is %s: %q, want %s: …%s…", code, message, c.code, c.part)
			}
		})
	}
}
