package letter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Maximum is how many letters are taken out of a queue at once at most.
const Maximum = 1000

const (
	// hidden is how long others do not see the letters that are looked at, in
	// seconds: enough to send the most of them somewhere else.
	hidden = 5 * 60
	// batch is the most that SQS takes and gives in one request.
	batch = 10
	// wait makes SQS ask all of its servers, so that no letter is overlooked.
	wait = 1
	// grace bounds how long letters are put back after being told to stop.
	grace = 10 * time.Second
)

// Client is the part of the SQS client that a Queue uses.
type Client interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	Describer
}

// Describer is the part of the SQS client that tells about queues.
type Describer interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Queue is a dead-letter queue.
type Queue struct {
	Client Client
	// Name is what people call it: its construct path.
	Name string
	URL  string
}

// Count tells how many letters there are, also those that somebody looks at.
// SQS takes a moment to know exactly.
func (q Queue) Count(ctx context.Context) (int, error) {
	return Count(ctx, q.Client, q.URL)
}

// Count tells how many messages a queue has, visible or not.
func Count(ctx context.Context, client Describer, url string) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("count the messages of %s: %w", url, err)
	}
	total := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("count the messages of %s: %s: %w", url, name, err)
		}
		total += n
	}
	return total, nil
}

// Take takes letters out, as many as are wanted at most. Others do not see them
// for some minutes, or until they are put back. A FIFO queue gives no letter
// of a group while another one of that group is taken, other than in the
// same batch of ten: so there may be more.
//
// Letters that were taken when an error occurs are put back.
func (q Queue) Take(ctx context.Context, most int) ([]Letter, error) {
	var letters []Letter
	taken := make(map[string]int)
	for len(letters) < most {
		out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &q.URL,
			MaxNumberOfMessages:         int32(min(batch, most-len(letters))),
			VisibilityTimeout:           hidden,
			WaitTimeSeconds:             wait,
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("look into %s: %w", q.Name, err), q.PutBack(ctx, letters))
		}
		before := len(letters)
		for _, message := range out.Messages {
			read, err := read(message)
			if err != nil {
				return nil, errors.Join(err, q.PutBack(ctx, letters))
			}
			// A standard queue may give a message twice: then only the latest
			// receipt is good.
			if i, again := taken[read.ID]; again {
				letters[i] = read
				continue
			}
			taken[read.ID] = len(letters)
			letters = append(letters, read)
		}
		if len(letters) == before {
			break
		}
	}
	return letters, nil
}

// PutBack makes letters that were taken visible again at once, even if ctx has
// ended in the meantime.
func (q Queue) PutBack(ctx context.Context, letters []Letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for some := range slices.Chunk(letters, batch) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(some))
		for i, l := range some {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: l.receipt, VisibilityTimeout: 0,
			}
		}
		out, err := q.Client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL, Entries: entries})
		if err != nil {
			return fmt.Errorf("put letters back into %s, where they appear by themselves in %d minutes: %w", q.Name, hidden/60, err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("put letters back into %s, where %d of them appear by themselves in %d minutes: %s: %s", q.Name,
				len(out.Failed), hidden/60, aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
		}
	}
	return nil
}

// Look takes letters out and puts them back.
func (q Queue) Look(ctx context.Context, most int) ([]Letter, error) {
	letters, err := q.Take(ctx, most)
	if err != nil {
		return nil, err
	}
	return letters, q.PutBack(ctx, letters)
}

// Remove removes a letter that was taken, even if ctx has ended in the
// meantime.
func (q Queue) Remove(ctx context.Context, l Letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if _, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: l.receipt}); err != nil {
		return fmt.Errorf("remove letter %s from %s: %w", l.ID, q.Name, err)
	}
	return nil
}
