package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/pkg/sqsbody"
	"example.com/saga/pkg/worker"
)

// sender is an SQS client that keeps its last request.
type sender struct {
	in  *sqs.SendMessageInput
	err error
}

func (s *sender) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.in = in
	return &sqs.SendMessageOutput{}, s.err
}

func send(t *testing.T, url string, deadLetter worker.DeadLetter) *sqs.SendMessageInput {
	t.Helper()
	client := &sender{}
	if err := newQueue(t, client, url).Send(t.Context(), deadLetter); err != nil {
		t.Fatal(err)
	}
	return client.in
}

func newQueue(t *testing.T, client *sender, url string) *worker.DeadLetterQueue {
	t.Helper()
	queue, err := worker.NewDeadLetterQueue(client, url)
	if err != nil {
		t.Fatal(err)
	}
	return queue
}

const (
	standardURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/payment-dead"
	fifoURL     = "https://sqs.eu-west-1.amazonaws.com/123456789012/warehouse-dead.fifo"
)

func TestADeadLetterHasTheWholeBodyAndTheReason(t *testing.T) {
	in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: `{"broken`, Err: errBroken})
	assertEqual(t, "the queue", standardURL, *in.QueueUrl)
	assertEqual(t, "the body", `{"broken`, *in.MessageBody)
	got := make(map[string]string)
	for name, attribute := range in.MessageAttributes {
		got[name] = *attribute.DataType + " " + *attribute.StringValue
	}
	assertEqual(t, "the attributes", map[string]string{"ERROR_CODE": "String INVALID_EVENT", "ERROR_MESSAGE": "String broken"}, got)
}

// attribute makes a message attribute of type String.
func attribute(value string) events.SQSMessageAttribute {
	return events.SQSMessageAttribute{DataType: "String", StringValue: &value}
}

// attributes makes n message attributes, of every type.
func attributes(n int) map[string]events.SQSMessageAttribute {
	made := map[string]events.SQSMessageAttribute{
		"tenant": attribute("t-1 ü"),
		"tries":  {DataType: "Number.int", StringValue: aws.String("3")},
		"key":    {DataType: "Binary", BinaryValue: []byte{0, 0xff}},
	}
	for i := len(made); i < n; i++ {
		made[fmt.Sprint("more", i)] = attribute("x")
	}
	return made
}

// ofSDK returns attributes as the SDK has them.
func ofSDK(attributes map[string]events.SQSMessageAttribute) map[string]types.MessageAttributeValue {
	values := make(map[string]types.MessageAttributeValue)
	for name, a := range attributes {
		values[name] = types.MessageAttributeValue{DataType: &a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return values
}

func assertAttributes(t *testing.T, want, got map[string]types.MessageAttributeValue) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.MessageAttributeValue{})); diff != "" {
		t.Errorf("the attributes, expected (-) and got (+):\n%s", diff)
	}
}

func TestADeadLetterHasTheAttributesOfItsMessage(t *testing.T) {
	f := newFixture(t, invalid("1"))
	m := message(t, standard, "", "1")
	m.MessageAttributes = attributes(3)
	f.batch(t, m)
	assertEqual(t, "the attributes", attributes(3), f.deadLetters[0].Attributes)

	want := attributes(8)
	want["ERROR_CODE"], want["ERROR_MESSAGE"] = attribute("INVALID_EVENT"), attribute("broken")
	assertAttributes(t, ofSDK(want), send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: "x", Attributes: attributes(8), Err: errBroken}).MessageAttributes)
}

func TestMoreAttributesThanSQSAcceptsArePacked(t *testing.T) {
	for name, c := range map[string]struct {
		body       string
		attributes int
		want       []string
	}{
		"with the reason":                  {"x", 9, []string{"ERROR_CODE", "ERROR_MESSAGE", "MESSAGE_ATTRIBUTES"}},
		"with the reason and the encoding": {"\x00", 8, []string{"BODY_ENCODING", "ERROR_CODE", "ERROR_MESSAGE", "MESSAGE_ATTRIBUTES"}},
		"all that SQS accepts":             {"x", 10, []string{"ERROR_CODE", "ERROR_MESSAGE", "MESSAGE_ATTRIBUTES"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: c.body, Attributes: attributes(c.attributes), Err: errBroken}).MessageAttributes
			assertEqual(t, "the names", c.want, slices.Sorted(maps.Keys(sent)))
			var packed map[string]types.MessageAttributeValue
			if err := json.Unmarshal([]byte(*sent["MESSAGE_ATTRIBUTES"].StringValue), &packed); err != nil {
				t.Fatal(err)
			}
			assertAttributes(t, ofSDK(attributes(c.attributes)), packed)
		})
	}
}

func TestTheReasonOfAnEarlierDeadLetterIsReplaced(t *testing.T) {
	sent := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: "100%25", Err: errBroken, Attributes: map[string]events.SQSMessageAttribute{
		"ERROR_MESSAGE": attribute("old"), "RULE_ARN": attribute("arn:rule"), "BODY_ENCODING": attribute("percent"), "tenant": attribute("t-1"),
	}}).MessageAttributes
	assertAttributes(t, ofSDK(map[string]events.SQSMessageAttribute{
		"ERROR_CODE": attribute("INVALID_EVENT"), "ERROR_MESSAGE": attribute("broken"), "BODY_ENCODING": attribute("percent"), "tenant": attribute("t-1"),
	}), sent)
}

func TestADeadLetterOnAFIFOQueueKeepsItsGroupAndIsDeduplicated(t *testing.T) {
	in := send(t, fifoURL, worker.DeadLetter{ID: "m-1", Group: "o-1", Body: "x", Err: errBroken})
	assertEqual(t, "the group", "o-1", *in.MessageGroupId)
	assertEqual(t, "the deduplication id", "m-1", *in.MessageDeduplicationId)
}

func TestADeadLetterWithoutAGroupIsAGroupOfItsOwnOnAFIFOQueue(t *testing.T) {
	in := send(t, fifoURL, worker.DeadLetter{ID: "m-1", Body: "x", Err: errBroken})
	assertEqual(t, "the group", "m-1", *in.MessageGroupId)
}

// SQS refuses a deduplication id on a standard queue.
func TestADeadLetterOnAStandardQueueHasNeitherGroupNorDeduplicationID(t *testing.T) {
	in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Group: "tenant", Body: "x", Err: errBroken})
	if in.MessageGroupId != nil || in.MessageDeduplicationId != nil {
		t.Errorf("group %v, deduplication id %v", in.MessageGroupId, in.MessageDeduplicationId)
	}
}

func TestAReasonIsSanitized(t *testing.T) {
	for name, c := range map[string]struct{ reason, want string }{
		"long":                         {strings.Repeat("x", 5000), strings.Repeat("x", 1024)},
		"cut within a character":       {strings.Repeat("x", 1023) + "é", strings.Repeat("x", 1023)},
		"with line breaks":             {"a\n\tb\r", "a\n\tb\r"},
		"with control characters":      {"a\x00b\x1bc", "a?b?c"},
		"with non-characters":          {"a\uFFFEb\uFFFF", "a?b?"},
		"with a byte that is no UTF-8": {"a\xffb", "ab"},
		"empty":                        {"", "unknown reason"},
		"of bytes that are no UTF-8":   {"\xff", "unknown reason"},
		"with characters beyond BMP":   {"a😀", "a😀"},
	} {
		t.Run(name, func(t *testing.T) {
			in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: "x", Err: errors.New(c.reason)})
			got := *in.MessageAttributes["ERROR_MESSAGE"].StringValue
			assertEqual(t, "the reason", c.want, got)
			if !utf8.ValidString(got) {
				t.Error("it is not UTF-8")
			}
		})
	}
}

func TestADeadLetterWithoutAReasonHasAnUnknownReason(t *testing.T) {
	in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: "x"})
	assertEqual(t, "the reason", "unknown reason", *in.MessageAttributes["ERROR_MESSAGE"].StringValue)
}

// read returns the original body of a dead letter.
func read(t *testing.T, in *sqs.SendMessageInput) string {
	t.Helper()
	body, err := sqsbody.Decode(*in.MessageBody, aws.ToString(in.MessageAttributes["BODY_ENCODING"].StringValue))
	if err != nil {
		t.Error(err)
	}
	return body
}

func TestADeadLetterKeepsCharactersThatSQSRejects(t *testing.T) {
	for name, c := range map[string]struct{ body, sent, encoding string }{
		"U+FFFF":                       {`{"note": "100% ` + "\uFFFF" + `"}`, `{"note": "100%25 %EF%BF%BF"}`, "percent"},
		"a byte that is not UTF-8":     {"é\xff", "é%FF", "percent"},
		"a control character":          {"a\x00\n", "a%00\n", "percent"},
		"nothing":                      {"", "(empty)", "empty"},
		"a percent sign, and no other": {"100%25", "100%25", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: c.body, Err: errBroken})
			assertEqual(t, "the message", c.sent, *in.MessageBody)
			assertEqual(t, "the encoding", c.encoding, aws.ToString(in.MessageAttributes["BODY_ENCODING"].StringValue))
			assertEqual(t, "the body", c.body, read(t, in))
		})
	}
}

func FuzzADeadLetterHasOnlyWhatSQSAccepts(f *testing.F) {
	f.Add("{}", "broken")
	f.Add("", "")
	f.Add("100%\x00\xff\uFFFF", "\uFFFE\x1b\xed\xa0\x80")
	f.Fuzz(func(t *testing.T, body, reason string) {
		in := send(t, fifoURL, worker.DeadLetter{ID: "m-1", Body: body, Err: errors.New(reason)})
		if read(t, in) != body {
			t.Errorf("%q is sent as %q", body, *in.MessageBody)
		}
		if err := sqsbody.Check(*in.MessageBody); err != nil {
			t.Error(err)
		}
		for name, attribute := range in.MessageAttributes {
			if err := sqsbody.Check(*attribute.StringValue); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// SQS counts the name, the type and the value of each attribute.
func TestADeadLetterIsAtMostAsLargeAsSQSAccepts(t *testing.T) {
	const limit = 1048576
	attributes := len("ERROR_CODE"+"String"+"INVALID_EVENT") + len("ERROR_MESSAGE"+"String"+"broken")
	encoding := len("BODY_ENCODING" + "String" + "percent")
	key := len("key" + "Binary" + "\x00\xff")
	for name, c := range map[string]struct {
		body, err string
	}{
		"as it is":            {strings.Repeat("x", limit-attributes-key), ""},
		"escaped":             {"\x00" + strings.Repeat("x", limit-attributes-key-encoding-3), ""},
		"wholly escaped":      {strings.Repeat("\uFFFF", 340*1024/3), ""},
		"one byte too many":   {strings.Repeat("x", limit-attributes-key+1), "its 1048512 bytes become 1048577 with escapes and the reason, SQS accepts at most 1048576"},
		"an escape too many":  {"\x00" + strings.Repeat("x", limit-attributes-key-encoding-2), "its 1048484 bytes become 1048577"},
		"three times too big": {strings.Repeat("\x00", limit), "its 1048576 bytes become 3145"},
	} {
		t.Run(name, func(t *testing.T) {
			client := &sender{}
			err := newQueue(t, client, standardURL).Send(t.Context(), worker.DeadLetter{
				ID: "m-1", Body: c.body, Err: errBroken,
				Attributes: map[string]events.SQSMessageAttribute{"key": {DataType: "Binary", BinaryValue: []byte("\x00\xff")}},
			})
			if (err == nil) != (c.err == "") || (err != nil && (!strings.Contains(err.Error(), c.err) || client.in != nil)) {
				t.Errorf("the error is %v, and the message was sent: %t", err, client.in != nil)
			}
		})
	}
}

func TestADeadLetterThatCannotBeSentIsAnError(t *testing.T) {
	err := newQueue(t, &sender{err: errBroken}, standardURL).Send(t.Context(), worker.DeadLetter{ID: "m-1", Body: "x", Err: errors.New("invalid")})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "m-1") {
		t.Errorf("the error is %v", err)
	}
}
