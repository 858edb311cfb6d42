package conformance_test

import (
	"encoding/json"
	"fmt"
	"slices"
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
	sendGroup(t, "WorkFifo", group, 0, orders...)
}

// sendGroup sends orders to a FIFO queue as one batch of one group. The first step is
// after the given one. It returns the id of the message of each step.
func sendGroup(t *testing.T, queue, group string, after int, orders ...instruction) map[string]string {
	t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(cloud.output(queue))}
	for i, o := range orders {
		o.Test, o.Step = group, strconv.Itoa(after+i+1)
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &o.Step, MessageBody: aws.String(o.String()), MessageGroupId: &group})
	}
	out, err := cloud.queues.SendMessageBatch(t.Context(), in)
	if err != nil || len(out.Failed) != 0 {
		t.Fatalf("sending %d messages: %v %+v", len(orders), err, out)
	}
	ids := map[string]string{}
	for _, sent := range out.Successful {
		ids[*sent.Id] = *sent.MessageId
	}
	return ids
}

func TestAFunctionGetsMessagesAsRecords(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-10", "ESM-35", "ESM-36")
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
			in.MessageAttributes["bytes"] = types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}}
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
				BinaryValue      string   `json:"binaryValue"`
				StringListValues []string `json:"stringListValues"`
				BinaryListValues []string `json:"binaryListValues"`
				DataType         string   `json:"dataType"`
			}
			kind := decode[recordAttribute](t, string(got.MessageAttributes["kind"]))
			if diff := cmp.Diff(recordAttribute{StringValue: "text", StringListValues: []string{}, BinaryListValues: []string{}, DataType: "String"}, kind); diff != "" {
				t.Error(diff)
			}
			if bytes := decode[recordAttribute](t, string(got.MessageAttributes["bytes"])); bytes.BinaryValue != "AP8=" || bytes.DataType != "Binary" {
				t.Errorf("the binary attribute is %+v", bytes)
			}
		})
	}
}

func TestOnlyTheMessagesThatAFunctionNamesComeBack(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-4", "ESM-23")
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
		id, rule, queue, do, answer string
		comesBack                   bool
	}{
		{"ESM-19", "an empty object is success", "WorkSingle", "answer", `{}`, false},
		{"ESM-19", "null is success", "WorkSingle", "answer", `null`, false},
		{"ESM-17", "no failures are success", "WorkSingle", "answer", `{"batchItemFailures": []}`, false},
		{"ESM-18", "failures that are null are success", "WorkSingle", "answer", `{"batchItemFailures": null}`, false},
		{"ESM-20", "what is not JSON is failure", "WorkSingle", "answer", `{"batchItemFailures`, true},
		{"ESM-21", "an empty id is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": ""}]}`, true},
		{"ESM-21", "an id that is null is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": null}]}`, true},
		{"ESM-21", "another key than the id's is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"id": "1"}]}`, true},
		{"ESM-22", "an id that is not in the batch is failure", "WorkSingle", "answer", `{"batchItemFailures": [{"itemIdentifier": "1"}]}`, true},
		{"ESM-11", "an error is failure", "WorkSingle", "fail", "", true},
		{"ESM-11", "a panic is failure", "WorkSingle", "panic", "", true},
		{"ESM-11", "a process that ends is failure", "WorkSingle", "exit", "", true},
		{"ESM-11", "a timeout is failure", "WorkSingle", "hang", "", true},
		{"ESM-24", "an answer that the mapping does not read is ignored", "WorkUnreported", "answer", `{"batchItemFailures": [{"itemIdentifier": ""}]}`, false},
		{"ESM-11", "an error is failure, with or without answers", "WorkUnreported", "fail", "", true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
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
	rule(t, "ESM-11", "ESM-25", "ESM-26", "SQ-34")
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
	rule(t, "ESM-25")
	test := unique()
	// While a message of the group is handled, the others wait, and come in one batch then. In
	// several batches a failure would hold the rest of the group back.
	sendInOrder(t, test, instruction{Pause: 700})
	awaitNotes(t, test, 1)
	sendGroup(t, "WorkFifo", test, 1, instruction{}, instruction{Do: "report", Times: 1}, instruction{})
	if waiting := notes(t, test); len(waiting) != 1 {
		t.Fatalf("the messages were sent too late to wait for the first one: %s", steps(waiting))
	}
	if got := awaitNotes(t, test, 6); steps(got) != "1 begun, 1 done, 2 done, 3 failed, 4 done, 3 done" {
		t.Errorf("the probe got: %s", steps(got))
	}
}

// overlap returns the steps of the notes that are begun and not done at one time, at most.
func overlap(t *testing.T, all []note) (most int) {
	t.Helper()
	now := map[string]bool{}
	for _, n := range all {
		if n.outcome != "begun" {
			delete(now, n.step)
			continue
		}
		now[n.step] = true
		most = max(most, len(now))
	}
	return most
}

func TestAGroupIsInOneInvocationAtATime(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-31", "SQ-31", "SQ-32")
	// Two batches at least, of which one could be handled beside the other.
	const messages = 12
	group := unique()
	for first := 0; first < messages; first += 6 {
		sendGroup(t, "WorkGroups", group, first, slices.Repeat([]instruction{{Pause: 50}}, 6)...)
	}
	got := awaitNotes(t, group, 2*messages)
	if most := overlap(t, got); most != 1 {
		t.Errorf("%d messages of the group were handled at once: %s", most, steps(got))
	}
	var want, have []string
	for i := range messages {
		want = append(want, strconv.Itoa(i+1))
		have = append(have, got[2*i].step)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	if requests := distinct(got); len(requests) < 2 {
		t.Errorf("the group came in %d invocations, so none could be beside another", len(requests))
	}
}

// distinct returns the requests of the notes.
func distinct(all []note) map[string]bool {
	requests := map[string]bool{}
	for _, n := range all {
		requests[n.request] = true
	}
	return requests
}

func TestTheConcurrencyOfAMappingIsLimitedWithoutThrottling(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-32")
	test := unique()
	const messages = 6
	for i := range messages {
		sendOrder(t, "WorkUnreported", instruction{Test: test, Step: strconv.Itoa(i), Pause: 200})
	}
	got := awaitNotes(t, test, 2*messages)
	if most := overlap(t, got); most > 2 {
		t.Errorf("%d invocations ran at once, want 2 at most", most)
	}
	for _, n := range got {
		if count := receives(t, n); count != "1" {
			t.Errorf("the message %s was received %s times", n.step, count)
		}
	}
}

func TestAPoisonMessageTakesItsFollowersToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-26", "ESM-27", "SQ-45", "SQ-46", "SQ-47")
	group := unique()
	in := []instruction{{}, {Do: "report-rest"}, {}}
	sent := sendGroup(t, "WorkPoison", group, 0, in...)
	dead := queueOf("WorkPoisonDead")
	moved := dead.collect(t, 2)
	if diff := cmp.Diff([]string{sent["2"], sent["3"]}, []string{*moved[0].MessageId, *moved[1].MessageId}); diff != "" {
		t.Errorf("the dead letters are not the poison message and its follower: %s", diff)
	}
	for _, message := range moved {
		if message.Attributes["MessageGroupId"] != group {
			t.Errorf("a dead letter is in the group %s", message.Attributes["MessageGroupId"])
		}
	}
	// The follower was never handled: it was only reported with the poison message.
	if got := steps(notes(t, group)); got != "1 done, 2 failed, 3 left, 2 failed, 3 left" {
		t.Errorf("the probe got: %s", got)
	}
	dead.delete(t, moved...)
}

func TestAMessageThatNoFilterMatchesIsDeleted(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-6")
	q, test := queueOf("WorkFiltered"), unique()
	// The filter is for JSON, and the step kept.
	q.send(t, sqs.SendMessageInput{MessageBody: aws.String("text " + test)})
	sendOrder(t, "WorkFiltered", instruction{Test: test, Step: "dropped"})
	sendOrder(t, "WorkFiltered", instruction{Test: test, Step: "kept"})
	awaitNotes(t, test, 1)
	eventually(t, "the queue is empty", func() error {
		counts := q.attributes(t, types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
		for name, count := range counts {
			if count != "0" {
				return fmt.Errorf("%s is %s", name, count)
			}
		}
		return nil
	})
	if got := steps(notes(t, test)); got != "kept done" {
		t.Errorf("the probe got: %s", got)
	}
}

func TestOfTwoMappingsOfAQueueOneGetsAMessage(t *testing.T) {
	t.Parallel()
	rule(t, "ESM-34")
	test := unique()
	const messages = 10
	for i := range messages {
		sendOrder(t, "WorkShared", instruction{Test: test, Step: strconv.Itoa(i)})
	}
	awaitNotes(t, test, messages)
	awaitReturned(t, "WorkShared")
	// A message that comes back, because its invocation took too long, is not counted.
	got := notes(t, test)
	first := slices.DeleteFunc(slices.Clone(got), func(n note) bool { return receives(t, n) != "1" })
	if len(first) != messages {
		t.Errorf("the probe got %d messages for the first time, want %d: %s", len(first), messages, steps(got))
	}
}
