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

// maximumReason is how many bytes of a reason an attribute carries. It is what
// Lambda carries of an error, too.
const maximumReason = 1024

// Sender is the part of the SQS client that a DeadLetterQueue uses.
type Sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// DeadLetterQueue is DeadLetters on an SQS queue, standard or FIFO. It needs
// the permission sqs:SendMessage. The reason is in the message attribute
// ERROR_MESSAGE, as in the dead letters that EventBridge writes.
//
// It keeps any body whole. What SQS refuses in a body is escaped, and the
// attribute BODY_ENCODING says so (see package sqsbody); everything else stays as
// it is. A body of up to 340 KiB fits in any case.
type DeadLetterQueue struct {
	client Sender
	url    string
}

// NewDeadLetterQueue makes dead letters in the queue with this URL. An error names
// all that is missing.
func NewDeadLetterQueue(client Sender, url string) (*DeadLetterQueue, error) {
	if err := required.Fields("worker.DeadLetterQueue", map[string]bool{"client": client != nil, "queue URL": url != ""}); err != nil {
		return nil, err
	}
	return &DeadLetterQueue{client, url}, nil
}

var _ DeadLetters = (*DeadLetterQueue)(nil)

// Send implements DeadLetters.
func (q *DeadLetterQueue) Send(ctx context.Context, letter DeadLetter) error {
	body, encoding := sqsbody.Encode(letter.Body)
	attributes := map[string]string{"ERROR_CODE": "INVALID_EVENT", "ERROR_MESSAGE": reason(letter.Err)}
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
		return fmt.Errorf("send message %s to the dead-letter queue: its %d bytes become %d with escapes and the reason, and SQS takes at most %d",
			letter.ID, len(letter.Body), size, sqsbody.MaximumSize)
	}
	if strings.HasSuffix(q.url, ".fifo") {
		in.MessageGroupId = aws.String(cmp.Or(letter.Group, letter.ID))
		in.MessageDeduplicationId = &letter.ID
	}
	if _, err := q.client.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send message %s to the dead-letter queue: %w", letter.ID, err)
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

// sanitize truncates a text and replaces what SQS rejects in an attribute.
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
