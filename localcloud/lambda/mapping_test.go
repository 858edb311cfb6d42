package lambda_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
)

func (b *bench) sendTo(arn, group string, bodies ...string) {
	b.Helper()
	url, _ := b.queues.URL(arn)
	for _, body := range bodies {
		if _, err := b.queues.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: body, MessageGroupId: group}); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bench) mapTo(source lambda.EventSource) {
	b.Helper()
	if err := b.Map(source); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) handled() []string {
	var bodies []string
	for _, line := range b.written() {
		var record struct{ Body string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Body != "" {
			bodies = append(bodies, record.Body)
		}
	}
	return bodies
}

func (b *bench) settled(arn string, left int) func() bool {
	return func() bool {
		counts := b.queues.Counts(arn)
		return b.Idle() && counts.Visible == 0 && counts.InFlight == left && len(b.handled()) > 0
	}
}

func fifoQueue(q *sqs.Queue) { q.FIFO, q.ContentBasedDeduplication = true, true }

func TestARecordHasAWSsShape(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q.fifo", fifoQueue)
	arn := b.add("batch", nil)
	url, _ := b.queues.URL(source)
	if _, err := b.queues.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: "<a & b>", MessageGroupId: "g",
		MessageAttributes: map[string]sqs.MessageAttribute{
			"k": {DataType: "String", StringValue: new("v")}, "b": {DataType: "Binary", BinaryValue: []byte{1}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
	b.eventually("the end", b.settled(source, 0))
	if !strings.Contains(b.written()[0], `"body":"<a & b>"`) {
		t.Errorf("the body is escaped: %s", b.written()[0])
	}
	got := decode[map[string]any](b, []byte(b.written()[0]))
	attributes, ok := got["attributes"].(map[string]any)
	if !ok || got["messageId"] == "" || got["receiptHandle"] == "" || attributes["SentTimestamp"] == "" {
		t.Fatalf("the record is %v", got)
	}
	for _, varies := range []string{"messageId", "receiptHandle", "md5OfMessageAttributes"} {
		delete(got, varies)
	}
	for _, varies := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp", "SequenceNumber", "MessageDeduplicationId"} {
		if _, isText := attributes[varies].(string); !isText {
			t.Errorf("%s is %v", varies, attributes[varies])
		}
		delete(attributes, varies)
	}
	list := []any{}
	want := map[string]any{
		"body": "<a & b>", "md5OfBody": "59e1d9c5f7abb2e1d44f1cf2ca50e26f",
		"attributes": map[string]any{"ApproximateReceiveCount": "1", "SenderId": account, "MessageGroupId": "g"},
		"messageAttributes": map[string]any{
			"k": map[string]any{"stringValue": "v", "stringListValues": list, "binaryListValues": list, "dataType": "String"},
			"b": map[string]any{"binaryValue": "AQ==", "stringListValues": list, "binaryListValues": list, "dataType": "Binary"},
		},
		"eventSource": "aws:sqs", "eventSourceARN": source, "awsRegion": "eu-west-1",
	}
	delete(want, "md5OfBody")
	delete(got, "md5OfBody")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
}

func TestAMessageThatMatchesNoFilterIsDeleted(t *testing.T) {
	for _, test := range []struct {
		name            string
		filters         []string
		bodies, handled []string
	}{
		{"by a field of the body", []string{`{"body": {"n": [{"numeric": [">", 1]}]}}`}, []string{`{"n":1}`, `{"n":2}`, `{"m":3}`}, []string{`{"n":2}`}},
		{"by one of several filters", []string{`{"body": {"n": [1]}}`, `{"body": {"m": [3]}}`}, []string{`{"n":1}`, `{"n":2}`, `{"m":3}`}, []string{`{"n":1}`, `{"m":3}`}},
		{"a text never matches a pattern for JSON", []string{`{"body": {"n": [{"exists": true}]}}`}, []string{"n", `{"n":2}`}, []string{`{"n":2}`}},
		{"JSON never matches a pattern for a text", []string{`{"body": [{"prefix": "{"}]}`}, []string{`{"n":2}`, "{n"}, []string{"{n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			source := b.addQueue("q", nil)
			b.sendTo(source, "", test.bodies...)
			b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: b.add("batch", nil), BatchSize: 10, Filters: test.filters})
			b.eventually("the end", b.settled(source, 0))
			if got := b.handled(); !cmp.Equal(got, test.handled) {
				t.Errorf("handled are %v, want %v", got, test.handled)
			}
		})
	}
}

func TestAFilterThatCannotWorkIsRefused(t *testing.T) {
	b := newBench(t, nil)
	source, arn := b.addQueue("q", nil), b.add("batch", nil)
	for want, filters := range map[string][]string{
		"Event pattern is not valid":                            {`{"body": {"n": 1}}`},
		"a queue's messages are filtered by the key body alone": {`{"messageId": ["x"]}`},
		"there are 6 filters, more than 5":                      slices.Repeat([]string{`{"body": ["x"]}`}, 6),
	} {
		err := b.Map(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, Filters: filters})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", filters, err, want)
		}
	}
}

func TestWhatAnAnswerLeavesInTheQueue(t *testing.T) {
	for _, test := range []struct {
		name   string
		report bool
		bodies []string
		left   int
	}{
		{"success deletes the batch", true, []string{"ok 1", "ok 2"}, 0},
		{"only the reported messages are left", true, []string{"ok 1", "fail 2", "ok 3"}, 1},
		{"an error leaves the batch", true, []string{"ok 1", "error 2", "ok 3"}, 3},
		{"an error leaves the batch without reports too", false, []string{"ok 1", "error 2"}, 2},
		{"without reports an answer means nothing", false, []string{"ok 1", "fail 2"}, 0},
		{"an empty object is success", true, []string{"ok", "answer {}"}, 0},
		{"null is success", true, []string{"ok", "answer null"}, 0},
		{"a null list is success", true, []string{"ok", `answer {"batchItemFailures":null}`}, 0},
		{"an empty list is success", true, []string{"ok", `answer {"batchItemFailures":[]}`}, 0},
		{"keys are case-sensitive", true, []string{"ok", `answer {"batchitemfailures":[{"itemIdentifier":""}]}`}, 0},
		{"an empty id fails all", true, []string{"ok", `answer {"batchItemFailures":[{"itemIdentifier":""}]}`}, 2},
		{"a null id fails all", true, []string{"ok", `answer {"batchItemFailures":[{"itemIdentifier":null}]}`}, 2},
		{"a wrong key fails all", true, []string{"ok", `answer {"batchItemFailures":[{"foo":"x"}]}`}, 2},
		{"an unknown id fails all", true, []string{"ok", `answer {"batchItemFailures":[{"itemIdentifier":"x"}]}`}, 2},
		{"no list fails all", true, []string{"ok", `answer {"batchItemFailures":"x"}`}, 2},
		{"no object fails all", true, []string{"ok", `answer "x"`}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			source := b.addQueue("q", nil)
			arn := b.add("batch", nil)
			b.sendTo(source, "", test.bodies...)
			b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: test.report})
			b.eventually("the end", b.settled(source, test.left))
			stats := b.Mappings()[0]
			want := lambda.MappingStats{
				QueueARN: source, FunctionARN: arn, Invocations: 1, Records: len(test.bodies), Failed: test.left, LargestBatch: len(test.bodies),
			}
			if stats != want {
				t.Errorf("the counters are %+v, want %+v", stats, want)
			}
		})
	}
}

func TestAFailedMessageOfAGroupIsReceivedAgainInOrderAndEndsInTheDeadLetterQueue(t *testing.T) {
	b := newBench(t, nil)
	dead := b.addQueue("dead.fifo", fifoQueue)
	source := b.addQueue("q.fifo", func(q *sqs.Queue) {
		fifoQueue(q)
		q.VisibilityTimeout = time.Second
		q.Redrive = &sqs.Redrive{DeadLetterARN: dead, MaxReceiveCount: 2}
	})
	arn := b.add("batch", func(f *lambda.Function) { f.Timeout = time.Second })
	b.sendTo(source, "g", "ok 1", "fail 2", "fail 3")
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
	b.eventually("the dead letters", func() bool { return b.queues.Counts(dead).Visible == 2 })
	want := []string{"ok 1", "fail 2", "fail 3", "fail 2", "fail 3"}
	if got := b.handled(); !slices.Equal(got, want) {
		t.Errorf("it handled %q, want %q", got, want)
	}
}

func TestABacklogFillsBatchesAndGroupsStayApart(t *testing.T) {
	const groups, each = 6, 10
	b := newBench(t, nil)
	source := b.addQueue("q.fifo", fifoQueue)
	arn := b.add("batch", func(f *lambda.Function) { f.Concurrency = 3 })
	for g := range groups {
		for i := range each {
			b.sendTo(source, strconv.Itoa(g), strconv.Itoa(g)+"/"+strconv.Itoa(i))
		}
	}
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
	b.eventually("the end", func() bool { return b.settled(source, 0)() && len(b.handled()) == groups*each })
	stats := b.Mappings()[0]
	if stats.LargestBatch != 10 || stats.Records != groups*each || stats.Invocations != groups {
		t.Errorf("the counters are %+v", stats)
	}
	last := map[string]int{}
	for _, body := range b.handled() {
		group, number, _ := strings.Cut(body, "/")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		if n != last[group] {
			t.Errorf("group %s: %d was handled when it was the turn of %d", group, n, last[group])
		}
		last[group] = n + 1
	}
}

func TestEveryMessageIsHandledTwiceWhenItsFirstDeleteIsLost(t *testing.T) {
	for name, edit := range map[string]func(*sqs.Queue){"q": nil, "q.fifo": fifoQueue} {
		t.Run(name, func(t *testing.T) {
			b := newBenchOn(t, sqs.Config{Clock: time.Now, DeliverTwice: true}, nil)
			source := b.addQueue(name, edit)
			arn := b.add("batch", nil)
			b.sendTo(source, "g", "1", "2", "3")
			b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10, ReportBatchItemFailures: true})
			b.eventually("the end", func() bool { return b.settled(source, 0)() && b.queues.Duplicated() == 3 })
			if got, want := b.handled(), []string{"1", "2", "3", "1", "2", "3"}; !slices.Equal(got, want) {
				t.Errorf("it handled %q, want %q", got, want)
			}
		})
	}
}

func TestABatchingWindowFillsABatch(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q", nil)
	arn := b.add("batch", nil)
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 25, BatchingWindow: time.Second, ReportBatchItemFailures: true})
	for i := range 15 {
		b.sendTo(source, "", "ok "+strconv.Itoa(i))
	}
	b.eventually("the end", func() bool { return b.settled(source, 0)() && len(b.handled()) == 15 })
	if stats := b.Mappings()[0]; stats.Invocations != 1 || stats.LargestBatch != 15 {
		t.Errorf("the counters are %+v", stats)
	}
}

// The window begins with the first message. Those that arrive meanwhile do not
// prolong it.
func TestABatchIsInvokedWhenTheWindowAfterItsFirstMessageIsOver(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q", nil)
	arn := b.add("batch", nil)
	const window = time.Second
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10_000, BatchingWindow: window, ReportBatchItemFailures: true})
	time.Sleep(window) // An empty queue begins no window.
	began, sent := time.Now(), 0
	for len(b.handled()) == 0 {
		if time.Since(began) > 10*window {
			t.Fatal("each message prolongs the window")
		}
		b.sendTo(source, "", "ok "+strconv.Itoa(sent))
		sent++
		time.Sleep(window / 20)
	}
	if waited := time.Since(began); waited < window {
		t.Errorf("the first batch was handled after %s", waited)
	}
	b.eventually("the end", func() bool { return b.settled(source, 0)() && len(b.handled()) == sent })
	if largest := b.Mappings()[0].LargestBatch; largest < 2 {
		t.Errorf("the largest batch has %d messages", largest)
	}
}

func TestABatchThatIsFullDoesNotWaitForTheEndOfTheWindow(t *testing.T) {
	for name, test := range map[string]struct {
		batch    int
		messages []string
	}{
		"of messages": {15, slices.Repeat([]string{"ok"}, 15)},
		"of 6 MB":     {10_000, slices.Repeat([]string{strings.Repeat("x", 1<<20)}, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			source := b.addQueue("q", func(q *sqs.Queue) { q.VisibilityTimeout = 10 * time.Minute })
			arn := b.add("batch", nil)
			b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: test.batch, BatchingWindow: 5 * time.Minute})
			b.sendTo(source, "", test.messages...)
			b.eventually("the end", func() bool {
				return b.queues.Counts(source) == (sqs.Counts{}) && b.Mappings()[0].Records == len(test.messages)
			})
		})
	}
}

func TestABatchTooLargeForOneInvocationIsCut(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q", nil)
	arn := b.add("batch", nil)
	for range 10 {
		b.sendTo(source, "", strings.Repeat("x", 1<<20))
	}
	b.mapTo(lambda.EventSource{QueueARN: source, FunctionARN: arn, BatchSize: 10})
	b.eventually("the end", func() bool {
		counts := b.queues.Counts(source)
		return b.Idle() && counts == (sqs.Counts{}) && b.Mappings()[0].Records == 10
	})
	if stats := b.Mappings()[0]; stats.Invocations != 2 || stats.LargestBatch != 5 {
		t.Errorf("the counters are %+v", stats)
	}
}

func TestAnInvalidMappingIsRefused(t *testing.T) {
	b := newBench(t, nil)
	short := b.addQueue("short", func(q *sqs.Queue) { q.VisibilityTimeout = 9 * time.Second })
	plain := b.addQueue("q", nil)
	arn := b.add("batch", nil)
	b.mapTo(lambda.EventSource{QueueARN: plain, FunctionARN: arn, BatchSize: 1})
	for name, source := range map[string]lambda.EventSource{
		"a visibility timeout below the function's": {QueueARN: short, FunctionARN: arn, BatchSize: 1},
		"an unknown queue":                          {QueueARN: "none", FunctionARN: arn, BatchSize: 1},
		"an unknown function":                       {QueueARN: plain, FunctionARN: "none", BatchSize: 1},
		"the same one again":                        {QueueARN: plain, FunctionARN: arn, BatchSize: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if err := b.Map(source); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}
