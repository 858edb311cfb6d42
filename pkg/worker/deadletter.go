package worker

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/required"
	"example.com/saga/pkg/sqsbody"
)

// maximumReason is how many bytes of a reason an attribute has. Lambda keeps as
// many of an error in its own dead letters.
const maximumReason = 1024

// Sender is the part of the SQS client that a DeadLetterQueue uses.
type Sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// DeadLetterQueue is DeadLetters on an SQS queue, standard or FIFO. It needs
// the permission sqs:SendMessage. The reason is in the message attribute
// ERROR_MESSAGE, as in the dead letters of EventBridge.
//
// It keeps any body whole. Characters that SQS rejects in a body are escaped, and
// the attribute BODY_ENCODING names the encoding (see package sqsbody); every other
// body stays unchanged. A body of up to 340 KiB always fits.
type DeadLetterQueue struct {
	client Sender
	url    string
}

// NewDeadLetterQueue makes a DeadLetters that sends to the queue with this URL. The
// error names every argument that is missing.
func NewDeadLetterQueue(client Sender, url string) (*DeadLetterQueue, error) {
	if err := required.Fields("worker.DeadLetterQueue", map[string]bool{"client": client != nil, "queue URL": url != ""}); err != nil {
		return nil, err
	}
	return &DeadLetterQueue{client, url}, nil
}

var _ DeadLetters = (*DeadLetterQueue)(nil)

// Send implements DeadLetters.
func (q *DeadLetterQueue) Send(ctx context.Context, deadLetter DeadLetter) error {
	body, encoding := sqsbody.Encode(deadLetter.Body)
	attributes := map[string]string{"ERROR_CODE": "INVALID_EVENT", "ERROR_MESSAGE": reason(deadLetter.Err)}
	if encoding != "" {
		attributes[sqsbody.Attribute] = encoding
	}
	size := len(body)
	in := &sqs.SendMessageInput{
		QueueUrl: &q.url, MessageBody: &body, MessageAttributes: make(map[string]types.MessageAttributeValue),
	}
	for name, value := range attributes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
		size += len(name) + len("String") + len(value)
	}
	if size > sqsbody.MaximumSize {
		return fmt.Errorf("send message %s to the dead-letter queue: its %d bytes become %d with escapes and the reason, SQS accepts at most %d",
			deadLetter.ID, len(deadLetter.Body), size, sqsbody.MaximumSize)
	}
	if strings.HasSuffix(q.url, ".fifo") {
		in.MessageGroupId = aws.String(cmp.Or(deadLetter.Group, deadLetter.ID))
		in.MessageDeduplicationId = &deadLetter.ID
	}
	if _, err := q.client.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send message %s to the dead-letter queue: %w", deadLetter.ID, err)
	}
	return nil
}

// reason returns the text of an error for an attribute, which must not be empty.
func reason(err error) string {
	const unknown = "unknown reason"
	if err == nil {
		return unknown
	}
	return cmp.Or(sanitize(err.Error()), unknown)
}

// sanitize truncates text and replaces characters that SQS rejects in an attribute.
func sanitize(text string) string {
	if len(text) > maximumReason {
		text = text[:maximumReason]
	}
	return strings.Map(func(r rune) rune {
		if !sqsbody.Accepts(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
