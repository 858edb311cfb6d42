package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
//
// It keeps the message attributes too, but for those that are the reason of an earlier
// dead letter (sqsbody.ReasonAttributes). SQS accepts ten: if the reason makes them
// more, all of the message are packed into the attribute MESSAGE_ATTRIBUTES.
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
	attributes, err := attributesOf(deadLetter, encoding)
	if err != nil {
		return err
	}
	size := len(body)
	for name, a := range attributes {
		size += len(name) + len(*a.DataType) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, MessageAttributes: attributes}
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

// attributesOf returns the attributes of a dead letter: those of its message and the
// reason. The encoding of a body that arrived escaped is kept, because it still is.
func attributesOf(deadLetter DeadLetter, encoding string) (map[string]types.MessageAttributeValue, error) {
	attributes := make(map[string]types.MessageAttributeValue)
	for name, a := range deadLetter.Attributes {
		if name == sqsbody.Attribute || !slices.Contains(sqsbody.ReasonAttributes(), name) {
			attributes[name] = types.MessageAttributeValue{DataType: &a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
		}
	}
	reasons := map[string]types.MessageAttributeValue{"ERROR_CODE": text("INVALID_EVENT"), "ERROR_MESSAGE": text(reason(deadLetter.Err))}
	if encoding != "" {
		reasons[sqsbody.Attribute] = text(encoding)
	}
	if len(attributes)+len(reasons) > sqsbody.MaximumAttributes {
		packed, err := json.Marshal(attributes)
		if err != nil {
			return nil, fmt.Errorf("pack the attributes of message %s: %w", deadLetter.ID, err)
		}
		attributes = map[string]types.MessageAttributeValue{sqsbody.PackedAttributes: text(string(packed))}
	}
	maps.Copy(attributes, reasons)
	return attributes, nil
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
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
	text = text[:min(len(text), maximumReason)]
	return strings.Map(func(r rune) rune {
		if !sqsbody.Accepts(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
