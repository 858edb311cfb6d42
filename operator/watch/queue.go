package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// The longest wait and the most messages that SQS allows in one request.
	longPoll    = 20 // seconds
	maximumRead = 10
	// deletion bounds how long messages are deleted after the context has ended, so
	// that what was shown is not shown again.
	deletion = 5 * time.Second
)

// Client is the part of the SQS client that a Queue uses.
type Client interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// Queue is a queue to which EventBridge sends events.
type Queue struct {
	Client Client
	URL    string
	// Warn writes a warning.
	Warn func(format string, arguments ...any)
}

// Follow calls show for each message in the queue, and then deletes it, until the
// context ends, which is not an error. The queue delivers at least once, and what is
// delivered twice is shown twice. It needs the permissions sqs:ReceiveMessage and
// sqs:DeleteMessage.
func (q Queue) Follow(ctx context.Context, show func(message string) error) error {
	for ctx.Err() == nil {
		out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.URL, MaxNumberOfMessages: maximumRead, WaitTimeSeconds: longPoll,
		})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("receive from %s: %w", q.URL, err)
		}
		shown, err := showAll(out.Messages, show)
		if err := errors.Join(err, q.delete(ctx, shown)); err != nil {
			return err
		}
	}
	return nil //nolint:nilerr // The end of the context is not an error.
}

// showAll shows messages up to the first that cannot be shown, and returns those that
// were.
func showAll(messages []types.Message, show func(string) error) ([]types.Message, error) {
	for i, message := range messages {
		if err := show(aws.ToString(message.Body)); err != nil {
			return messages[:i], fmt.Errorf("print: %w", err)
		}
	}
	return messages, nil
}

// delete deletes messages, even if the context has ended in the meantime.
func (q Queue) delete(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deletion)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(messages))
	for i, message := range messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: message.ReceiptHandle}
	}
	out, err := q.Client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL, Entries: entries})
	if err != nil {
		return fmt.Errorf("delete from %s: %w", q.URL, err)
	}
	for _, failed := range out.Failed {
		q.Warn("a message was not deleted and will be shown again: %s: %s", aws.ToString(failed.Code), aws.ToString(failed.Message))
	}
	return nil
}
