package worker_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

func decoding(decoder decode.Decoder) func(*worker.Config) {
	return func(c *worker.Config) { c.Decode = decoder }
}

// enveloped returns an event in the envelope of EventBridge.
func enveloped(t *testing.T, id string) string {
	t.Helper()
	return `{"version":"0","id":"x","detail-type":"order.placed","source":"order","time":"2026-03-04T05:06:07Z","detail":` + body(t, id) + `}`
}

func TestADecoderReadsTheMessagesOfABatch(t *testing.T) {
	f := newFixture(t, failing(), decoding(decode.InEventBridge(decode.CloudEvent)))
	m := message(t, standard, "", "1")
	m.Body = enveloped(t, "1")
	assertEqual(t, "delivered again", []string{}, f.batch(t, m))
	assertEqual(t, "handled", []string{"1"}, f.handled)
}

func TestADecoderReadsADirectInvocation(t *testing.T) {
	f := newFixture(t, failing(), decoding(decode.InEventBridge(decode.CloudEvent)))
	if err := f.invoke(t, enveloped(t, "1")); err != nil {
		t.Error(err)
	}
	assertEqual(t, "handled", []string{"1"}, f.handled)
	if err := f.invoke(t, envelope); err != nil {
		t.Error(err)
	}
	if len(f.deadLetters) != 1 || f.deadLetters[0].Body != envelope {
		t.Errorf("the dead letters are %+v", f.deadLetters)
	}
	if err := f.invoke(t, records(sqsRecord)); err == nil || !strings.Contains(err.Error(), "behind a queue, Batch must handle them") {
		t.Errorf("a batch has the error %v", err)
	}
}

func TestADecoderGetsTheAttributesOfItsMessage(t *testing.T) {
	var got decode.Message
	f := newFixture(t, failing(), decoding(func(m decode.Message) (event.Event, error) { got = m; return decode.CloudEvent(m) }))
	m := message(t, standard, "", "1")
	m.MessageAttributes = map[string]events.SQSMessageAttribute{
		"tenant": {DataType: "String", StringValue: aws.String("t-1")}, "key": {DataType: "Binary", BinaryValue: []byte("\x00\xff")},
	}
	f.batch(t, m)
	assertEqual(t, "the message", decode.Message{Body: m.Body, Attributes: map[string]string{"tenant": "t-1", "key": "\x00\xff"}}, got)
}

func TestWhatADecoderCannotDecodeIsADeadLetterAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		decoder decode.Decoder
		reason  string
	}{
		"an error":                       {func(decode.Message) (event.Event, error) { return event.Event{}, errBroken }, "invalid event: broken"},
		"an event that is invalid":       {decode.CloudEvent, "invalid event: not JSON"},
		"an event that breaks the rules": {func(decode.Message) (event.Event, error) { return event.Event{ID: "e-1"}, nil }, "invalid event: source is missing"},
		"a panic":                        {func(decode.Message) (event.Event, error) { panic("out of cheese") }, "invalid event: panic: out of cheese"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, failing(), decoding(c.decoder))
			m := message(t, standard, "", "1")
			m.Body = "hello"
			assertEqual(t, "delivered again", []string{}, f.batch(t, m))
			assertEqual(t, "handled", 0, len(f.handled))
			if len(f.deadLetters) != 1 || !errors.Is(f.deadLetters[0].Err, event.ErrInvalid) || !strings.HasPrefix(f.deadLetters[0].Err.Error(), c.reason) {
				t.Errorf("the dead letters are %+v, want one with %s", f.deadLetters, c.reason)
			}
		})
	}
}

// The default is strict: what needs a decoder is refused without one.
func TestWithoutADecoderOnlyStructuredModeIsRead(t *testing.T) {
	f := newFixture(t, failing())
	m := message(t, standard, "", "1")
	m.Body = enveloped(t, "1")
	assertEqual(t, "delivered again", []string{}, f.batch(t, m))
	assertEqual(t, "handled and dead letters", []int{0, 1}, []int{len(f.handled), len(f.deadLetters)})
}
