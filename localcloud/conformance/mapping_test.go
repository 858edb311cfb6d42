package conformance_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// record is a message as a function gets it.
type record struct {
	MessageID              string                     `json:"messageId"`
	ReceiptHandle          string                     `json:"receiptHandle"`
	Body                   string                     `json:"body"`
	Attributes             map[string]string          `json:"attributes"`
	MessageAttributes      map[string]json.RawMessage `json:"messageAttributes"`
	MD5OfMessageAttributes string                     `json:"md5OfMessageAttributes"`
	MD5OfBody              string                     `json:"md5OfBody"`
	EventSource            string                     `json:"eventSource"`
	EventSourceARN         string                     `json:"eventSourceARN"`
	AWSRegion              string                     `json:"awsRegion"`
}

func (n note) record(t *testing.T) record {
	t.Helper()
	return decode[record](t, n.payload)
}

func receives(t *testing.T, n note) string {
	t.Helper()
	return n.record(t).Attributes["ApproximateReceiveCount"]
}

func sendOrder(t *testing.T, output string, o instruction) {
	t.Helper()
	queueOf(output).send(t, sqs.SendMessageInput{MessageBody: aws.String(o.String())})
}

// sendInOrder sends orders to the FIFO queue as one batch of one group.
func sendInOrder(t *testing.T, group string, orders ...instruction) {
	t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(cloud.output("WorkFifo"))}
	for i, o := range orders {
		o.Test, o.Step = group, strconv.Itoa(i+1)
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &o.Step, MessageBody: aws.String(o.String()), MessageGroupId: &group})
	}
	out, err := cloud.queues.SendMessageBatch(t.Context(), in)
	if err != nil || len(out.Failed) != 0 {
		t.Fatalf("sending %d messages: %v %+v", len(orders), err, out)
	}
}

func TestAFunctionGetsMessagesAsRecords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule, queue, group string
		attributes         []string
	}{
		{"of a standard queue", "Work", "", nil},
		{"of a FIFO queue", "WorkFifo", "group", []string{"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			o := instruction{Test: unique()}
			in := sqs.SendMessageInput{MessageBody: aws.String(o.String()), MessageAttributes: textAttribute("kind", "text")}
			if c.group != "" {
				in.MessageGroupId = &o.Test
			}
			sent := queueOf(c.queue).send(t, in)
			got := awaitNotes(t, o.Test, 1)[0].record(t)
			region, _ := regionAndAccount(t)
			want := record{
				MessageID: *sent.MessageId, Body: o.String(), MD5OfBody: *sent.MD5OfMessageBody,
				MD5OfMessageAttributes: aws.ToString(sent.MD5OfMessageAttributes),
				EventSource:            "aws:sqs", AWSRegion: region,
				EventSourceARN: queueOf(c.queue).attributes(t, types.QueueAttributeNameQueueArn)["QueueArn"],
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(record{}, "ReceiptHandle", "Attributes", "MessageAttributes")); diff != "" {
				t.Error(diff)
			}
			for _, name := range append(c.attributes, "ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp") {
				if got.Attributes[name] == "" {
					t.Errorf("the attribute %s is missing in %v", name, got.Attributes)
				}
			}
			type recordAttribute struct {
				StringValue      string   `json:"stringValue"`
				StringListValues []string `json:"stringListValues"`
				BinaryListValues []string `json:"binaryListValues"`
				DataType         string   `json:"dataType"`
			}
			kind := decode[recordAttribute](t, string(got.MessageAttributes["kind"]))
			if diff := cmp.Diff(recordAttribute{"text", []string{}, []string{}, "String"}, kind); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOnlyTheMessagesThatAFunctionNamesComeBack(t *testing.T) {
	t.Parallel()
	test := unique()
	for i, do := range []string{"", "report", ""} {
		sendOrder(t, "Work", instruction{Test: test, Step: strconv.Itoa(i + 1), Do: do, Times: 1})
	}
	got := awaitNotes(t, test, 4)
	last := got[len(got)-1]
	if len(got) != 4 || last.step != "2" || last.outcome != "done" || receives(t, last) != "2" {
		t.Errorf("the probe got: %s", steps(got))
	}
}

// TestAnAnswerDecidesOnTheWholeBatch sends one message each, in a batch of its
// own, whose first receive gets the answer.
func TestAnAnswerDecidesOnTheWholeBatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule, queue, do, answer string
		comesBack               bool
	}{
		{"an empty object is success", "WorkSingle", "answer", `{}`, false},
		{"null is success", "WorkSingle", "answer", `null`, false},
		{"no failures are success", "WorkSingle", "answer", `{"batchItemFailures": []}`, false},
		{"failures that are null are success", "WorkSingle", "answer", `{"batchItemFailures": null}`, false},
		{"what is not JSON is failure", "WorkSingle", "answer", `{"batchItemFailures`, true},
		{"an empty id is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": ""}]}`, true},
		{"an id that is null is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": null}]}`, true},
		{"another key than the id's is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"id": "1"}]}`, true},
		{"an id that is not in the batch is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": "1"}]}`, true},
		{"an error is failure", "WorkSingle", "fail", "", true},
		{"a panic is failure", "WorkSingle", "panic", "", true},
		{"a process that ends is failure", "WorkSingle", "exit", "", true},
		{"a timeout is failure", "WorkSingle", "hang", "", true},
		{"an answer that nobody asked for is ignored", "WorkUnreported", "answer", `{"batchItemFailures": [{"itemIdentifier": ""}]}`, false},
		{"an error is failure, with or without answers", "WorkUnreported", "fail", "", true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			test := unique()
			sendOrder(t, c.queue, instruction{Test: test, Do: c.do, Answer: c.answer, Times: 1})
			if c.comesBack {
				got := awaitNotes(t, test, 2)
				if count := receives(t, got[1]); count != "2" || got[1].outcome != "done" {
					t.Errorf("the probe got: %s, the last time with a receive count of %s", steps(got), count)
				}
				return
			}
			awaitNotes(t, test, 1)
			awaitReturned(t, c.queue)
			if got := notes(t, test); len(got) != 1 {
				t.Errorf("the probe got: %s", steps(got))
			}
		})
	}
}

// awaitReturned waits for as long as a message needs to come back: until one that
// is sent now and fails once has come back.
func awaitReturned(t *testing.T, queue string) {
	t.Helper()
	later := instruction{Test: unique(), Do: "fail", Times: 1}
	sendOrder(t, queue, later)
	awaitNotes(t, later.Test, 2)
}

func TestAFIFOGroupComesBackInOrderFromTheFirstFailureOn(t *testing.T) {
	t.Parallel()
	for _, do := range []string{"report-rest", "fail", "hang"} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			test := unique()
			sendInOrder(t, test, instruction{}, instruction{Do: do, Times: 1}, instruction{}, instruction{})
			var handled []note
			eventually(t, "all four messages have been handled", func() error {
				handled = lastNotes(notes(t, test))
				if len(handled) < 4 || handled[3].step != "4" {
					return fmt.Errorf("the probe got: %s", steps(notes(t, test)))
				}
				return nil
			})
			if got := steps(handled); got != "1 done, 2 done, 3 done, 4 done" {
				t.Errorf("in the end the messages were handled like this: %s", got)
			}
			if count := receives(t, handled[1]); count != "2" {
				t.Errorf("the second message was handled in the receive %s, want 2", count)
			}
		})
	}
}

// lastNotes are the notes of the last time that each step was done, in order.
func lastNotes(all []note) []note {
	last := map[string]string{}
	for _, n := range all {
		if n.outcome == "done" {
			last[n.step] = n.at
		}
	}
	var found []note
	for _, n := range all {
		if last[n.step] == n.at {
			found = append(found, n)
		}
	}
	return found
}

func TestAFIFOGroupLosesItsOrderIfOnlyTheFailedMessageIsNamed(t *testing.T) {
	t.Parallel()
	test := unique()
	sendInOrder(t, test, instruction{}, instruction{Do: "report", Times: 1}, instruction{})
	got := awaitNotes(t, test, 4)
	if got[1].request != got[2].request {
		t.Skip("the messages came in several batches, so the failure held the rest of the group back")
	}
	if steps(got) != "1 done, 2 failed, 3 done, 2 done" {
		t.Errorf("the probe got: %s", steps(got))
	}
}
