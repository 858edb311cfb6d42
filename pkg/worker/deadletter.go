package worker

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maximumReason keeps the reason well below the size that SQS allows a message
// with its attributes.
const maximumReason = 1024

// Sender is the part of the SQS client that a DeadLetterQueue uses.
type Sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// DeadLetterQueue is DeadLetters on an SQS queue, standard or FIFO. It needs
// the permission sqs:SendMessage. The reason is in the message attribute
// ERROR_MESSAGE, as in the dead letters that EventBridge writes.
type DeadLetterQueue struct {
	client Sender
	url    string
}

// NewDeadLetterQueue makes dead letters in the queue with this URL. An error names
// all that is missing.
func NewDeadLetterQueue(client Sender, url string) (*DeadLetterQueue, error) {
	if err := checkQueue(client != nil, url); err != nil {
		return nil, fmt.Errorf("worker.NewDeadLetterQueue: %w", err)
	}
	return &DeadLetterQueue{client, url}, nil
}

var _ DeadLetters = (*DeadLetterQueue)(nil)

// Send implements DeadLetters.
func (q *DeadLetterQueue) Send(ctx context.Context, letter DeadLetter) error {
	reason := acceptable(letter.Err.Error())
	in := &sqs.SendMessageInput{
		QueueUrl:    &q.url,
		MessageBody: &letter.Body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"ERROR_CODE":    {DataType: aws.String("String"), StringValue: aws.String("INVALID_EVENT")},
			"ERROR_MESSAGE": {DataType: aws.String("String"), StringValue: &reason},
		},
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

// acceptable makes a text one that SQS takes as an attribute: no longer than
// maximumReason, and without the characters that it refuses.
func acceptable(reason string) string {
	if len(reason) > maximumReason {
		reason = reason[:maximumReason]
	}
	return strings.Map(func(r rune) rune {
		isControl := r < ' ' && r != '\t' && r != '\n' && r != '\r'
		if isControl || r == '\uFFFE' || r == '\uFFFF' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(reason, ""))
}
