package sqs_test

import (
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/sqs"
)

func TestWhatAQueueCannotTakeIsRefused(t *testing.T) {
	text := func(s string) *string { return &s }
	explicit := fifo("explicit")
	explicit.ContentBasedDeduplication = false
	tests := []struct {
		name  string
		queue sqs.Queue
		in    sqs.SendMessageInput
		want  string
	}{
		{"an empty body", standard("q"), sqs.SendMessageInput{}, "MissingParameter"},
		{"a control character", standard("q"), sqs.SendMessageInput{MessageBody: "\x00"}, "InvalidMessageContents"},
		{"too large", standard("q"), sqs.SendMessageInput{MessageBody: strings.Repeat("x", 1<<20+1)}, "InvalidParameterValue"},
		{
			"too large with its attributes", standard("q"),
			sqs.SendMessageInput{MessageBody: strings.Repeat("x", 1<<20), MessageAttributes: map[string]sqs.MessageAttribute{"a": {DataType: "String", StringValue: text("b")}}},
			"InvalidParameterValue",
		},
		{"a delay that is too long", standard("q"), sqs.SendMessageInput{MessageBody: "x", DelaySeconds: new(901)}, "InvalidParameterValue"},
		{"a delay of its own on a FIFO queue", fifo("q"), sqs.SendMessageInput{MessageBody: "x", MessageGroupId: "g", DelaySeconds: new(1)}, "InvalidParameterValue"},
		{"no group on a FIFO queue", fifo("q"), sqs.SendMessageInput{MessageBody: "x"}, "MissingParameter"},
		{"a group with a space", fifo("q"), sqs.SendMessageInput{MessageBody: "x", MessageGroupId: "a b"}, "InvalidParameterValue"},
		{"nothing to de-duplicate by", explicit, sqs.SendMessageInput{MessageBody: "x", MessageGroupId: "g"}, "InvalidParameterValue"},
		{"a de-duplication id on a standard queue", standard("q"), sqs.SendMessageInput{MessageBody: "x", MessageDeduplicationId: "d"}, "InvalidParameterValue"},
		{
			"an attribute of no known type", standard("q"),
			sqs.SendMessageInput{MessageBody: "x", MessageAttributes: map[string]sqs.MessageAttribute{"a": {DataType: "Date", StringValue: text("b")}}},
			"InvalidParameterValue",
		},
		{
			"a system attribute that is SQS's own", standard("q"),
			sqs.SendMessageInput{MessageBody: "x", MessageSystemAttributes: map[string]sqs.MessageAttribute{"SenderId": {DataType: "String", StringValue: text("b")}}},
			"InvalidParameterValue",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			virtually(t, sqs.Config{}, []sqs.Queue{test.queue}, func(b *bench) {
				test.in.QueueUrl = b.url
				_, err := b.service.SendMessage(b.Context(), &test.in)
				b.expectCode(err, test.want)
				if got := b.service.Counts(test.queue.ARN); got != (sqs.Counts{}) {
					b.Errorf("it was queued all the same: %+v", got)
				}
			})
		})
	}
}

// The set is that of XML, in a body and in the text of an attribute alike.
func TestAQueueTakesTheCharactersThatAWSDocuments(t *testing.T) {
	for text, isTaken := range map[string]bool{
		"\t": true, "\n": true, "\r": true, " ": true, "\x7f": true, "\u0080": true, "\uD7FF": true, "\uE000": true,
		"\uFDD0": true, "\uFFFD": true, "\U00010000": true, "\U0001FFFE": true, "\U0010FFFF": true,
		"\x00": false, "\x08": false, "\x0b": false, "\x0c": false, "\x0e": false, "\x1b": false, "\x1f": false,
		"\uFFFE": false, "\uFFFF": false, "\xff": false, "\xc3": false, "\xed\xa0\x80": false,
	} {
		for name, c := range map[string]struct {
			in   sqs.SendMessageInput
			want string
		}{
			"a body": {sqs.SendMessageInput{MessageBody: "a" + text}, "InvalidMessageContents"},
			"a String": {
				sqs.SendMessageInput{MessageBody: "x", MessageAttributes: map[string]sqs.MessageAttribute{"a": {DataType: "String", StringValue: new("a" + text)}}},
				"InvalidParameterValue",
			},
			"a String of its own": {
				sqs.SendMessageInput{MessageBody: "x", MessageAttributes: map[string]sqs.MessageAttribute{"a": {DataType: "String.name", StringValue: new("a" + text)}}},
				"InvalidParameterValue",
			},
			"a trace": {
				sqs.SendMessageInput{MessageBody: "x", MessageSystemAttributes: map[string]sqs.MessageAttribute{"AWSTraceHeader": {DataType: "String", StringValue: new("a" + text)}}},
				"InvalidParameterValue",
			},
			"a Binary": {
				sqs.SendMessageInput{MessageBody: "x", MessageAttributes: map[string]sqs.MessageAttribute{"a": {DataType: "Binary", BinaryValue: []byte(text)}}},
				"",
			},
		} {
			virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
				c.in.QueueUrl = b.url
				_, err := b.service.SendMessage(b.Context(), &c.in)
				switch {
				case isTaken || c.want == "":
					if err != nil {
						b.Errorf("%s with %q is refused: %v", name, text, err)
					}
				default:
					b.expectCode(err, c.want)
				}
			})
		}
	}
}

func TestAnInvalidBatchIsRefusedAsAWhole(t *testing.T) {
	entry := func(id, body string) sqs.SendMessageBatchRequestEntry {
		return sqs.SendMessageBatchRequestEntry{Id: id, SendMessageInput: sqs.SendMessageInput{MessageBody: body, MessageGroupId: "g"}}
	}
	tests := map[string]struct {
		entries []sqs.SendMessageBatchRequestEntry
		want    string
	}{
		"none":           {nil, "EmptyBatchRequest"},
		"eleven":         {make11(entry), "TooManyEntriesInBatchRequest"},
		"the same id":    {[]sqs.SendMessageBatchRequestEntry{entry("a", "1"), entry("a", "2")}, "BatchEntryIdsNotDistinct"},
		"a bad id":       {[]sqs.SendMessageBatchRequestEntry{entry("a b", "1")}, "InvalidBatchEntryId"},
		"together large": {[]sqs.SendMessageBatchRequestEntry{entry("a", strings.Repeat("x", 1<<19)), entry("b", strings.Repeat("y", 1<<19+1))}, "BatchRequestTooLong"},
		"no group":       {[]sqs.SendMessageBatchRequestEntry{{Id: "a", SendMessageInput: sqs.SendMessageInput{MessageBody: "1"}}}, "InvalidParameterValue"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
				_, err := b.service.SendMessageBatch(b.Context(), &sqs.SendMessageBatchInput{QueueUrl: b.url, Entries: test.entries})
				b.expectCode(err, test.want)
			})
		})
	}
}

func make11(entry func(id, body string) sqs.SendMessageBatchRequestEntry) []sqs.SendMessageBatchRequestEntry {
	var all []sqs.SendMessageBatchRequestEntry
	for id := range 11 {
		all = append(all, entry(string(rune('a'+id)), "x"))
	}
	return all
}

func TestAnInvalidQueueIsRefused(t *testing.T) {
	change := func(q sqs.Queue, edit func(*sqs.Queue)) sqs.Queue {
		edit(&q)
		return q
	}
	tests := map[string]sqs.Queue{
		"an unknown dead-letter queue": change(standard("q"), func(q *sqs.Queue) {
			q.Redrive = &sqs.Redrive{DeadLetterARN: "none", MaxReceiveCount: 1}
		}),
		"a dead-letter queue of the other type": change(fifo("q"), func(q *sqs.Queue) {
			q.Redrive = &sqs.Redrive{DeadLetterARN: arnStart + "dead", MaxReceiveCount: 1}
		}),
		"a name that is taken": standard("dead"),
	}
	for name, q := range tests {
		t.Run(name, func(t *testing.T) {
			service := sqs.New(sqs.Config{Clock: time.Now})
			if err := service.Create(standard("dead")); err != nil {
				t.Fatal(err)
			}
			if err := service.Create(q); err == nil {
				t.Error("it was created")
			}
		})
	}
}
