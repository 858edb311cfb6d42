package worker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/pkg/worker"
)

// sender is an SQS client that keeps what it is given.
type sender struct {
	in  *sqs.SendMessageInput
	err error
}

func (s *sender) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.in = in
	return &sqs.SendMessageOutput{}, s.err
}

func send(t *testing.T, url string, letter worker.DeadLetter) *sqs.SendMessageInput {
	t.Helper()
	client := &sender{}
	if err := newQueue(t, client, url).Send(t.Context(), letter); err != nil {
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

func TestALetterHasTheWholeBodyAndTheReason(t *testing.T) {
	in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Body: `{"broken`, Err: errBroken})
	assertEqual(t, "the queue", standardURL, *in.QueueUrl)
	assertEqual(t, "the body", `{"broken`, *in.MessageBody)
	got := make(map[string]string)
	for name, attribute := range in.MessageAttributes {
		got[name] = *attribute.DataType + " " + *attribute.StringValue
	}
	assertEqual(t, "the attributes", map[string]string{"ERROR_CODE": "String INVALID_EVENT", "ERROR_MESSAGE": "String broken"}, got)
}

func TestALetterOnAFIFOQueueKeepsItsGroupAndIsTakenOnce(t *testing.T) {
	in := send(t, fifoURL, worker.DeadLetter{ID: "m-1", Group: "o-1", Body: "x", Err: errBroken})
	assertEqual(t, "the group", "o-1", *in.MessageGroupId)
	assertEqual(t, "the deduplication id", "m-1", *in.MessageDeduplicationId)
}

func TestALetterWithoutAGroupIsAGroupOfItsOwnOnAFIFOQueue(t *testing.T) {
	in := send(t, fifoURL, worker.DeadLetter{ID: "m-1", Body: "x", Err: errBroken})
	assertEqual(t, "the group", "m-1", *in.MessageGroupId)
}

// SQS refuses a deduplication id on a standard queue.
func TestALetterOnAStandardQueueHasNeitherGroupNorDeduplicationID(t *testing.T) {
	in := send(t, standardURL, worker.DeadLetter{ID: "m-1", Group: "tenant", Body: "x", Err: errBroken})
	if in.MessageGroupId != nil || in.MessageDeduplicationId != nil {
		t.Errorf("group %v, deduplication id %v", in.MessageGroupId, in.MessageDeduplicationId)
	}
}

func TestAReasonIsMadeAcceptable(t *testing.T) {
	for name, c := range map[string]struct{ reason, want string }{
		"long":                       {strings.Repeat("x", 5000), strings.Repeat("x", 1024)},
		"cut within a character":     {strings.Repeat("x", 1023) + "é", strings.Repeat("x", 1023)},
		"with line breaks":           {"a\n\tb\r", "a\n\tb\r"},
		"with control characters":    {"a\x00b\x1bc", "a?b?c"},
		"with non-characters":        {"a\uFFFEb\uFFFF", "a?b?"},
		"with what is not Unicode":   {"a\xffb", "ab"},
		"with characters beyond BMP": {"a😀", "a😀"},
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

func TestALetterThatIsNotTakenIsAnError(t *testing.T) {
	err := newQueue(t, &sender{err: errBroken}, standardURL).Send(t.Context(), worker.DeadLetter{ID: "m-1", Body: "x", Err: errors.New("invalid")})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "m-1") {
		t.Errorf("the error is %v", err)
	}
}
