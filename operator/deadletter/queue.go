package deadletter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Maximum is how many dead letters are taken out of a queue at once at most.
const Maximum = 1000

const (
	// hidden is the visibility timeout of dead letters that are taken, in seconds:
	// long enough to send Maximum of them somewhere else.
	hidden = 5 * 60
	// batch is how many messages SQS accepts and returns in one request at most.
	batch = 10
	// wait makes a request a long poll of one second, for which SQS queries all of its
	// servers, so that no dead letter is missed.
	wait = 1
	// grace bounds how long dead letters are put back after the context has ended.
	grace = 10 * time.Second
)

// Client is the part of the SQS client that a Queue uses.
type Client interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	Describer
}

// Describer is the part of the SQS client that describes queues.
type Describer interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Queue is a dead-letter queue.
type Queue struct {
	Client Client
	// Name is its construct path, for messages.
	Name string
	URL  string
}

// Count returns how many dead letters there are, also those that are taken. SQS is
// eventually consistent in this.
func (q Queue) Count(ctx context.Context) (int, error) {
	return Count(ctx, q.Client, q.URL)
}

// Count returns how many messages a queue has, visible or not.
func Count(ctx context.Context, client Describer, url string) (int, error) {
	depth, err := ReadDepth(ctx, client, url)
	return depth.Visible + depth.InFlight + depth.Delayed, err
}

// Depth is how many messages are in a queue: those that can be received, those that a
// receiver has, and those that can be received later.
type Depth struct{ Visible, InFlight, Delayed int }

// ReadDepth returns the depth of a queue. SQS is eventually consistent in this.
func ReadDepth(ctx context.Context, client Describer, url string) (depth Depth, err error) {
	counts := map[types.QueueAttributeName]*int{
		types.QueueAttributeNameApproximateNumberOfMessages:           &depth.Visible,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: &depth.InFlight,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    &depth.Delayed,
	}
	names := slices.Sorted(maps.Keys(counts))
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return Depth{}, fmt.Errorf("count the messages of %s: %w", url, err)
	}
	for _, name := range names {
		if *counts[name], err = strconv.Atoi(out.Attributes[string(name)]); err != nil {
			return Depth{}, fmt.Errorf("count the messages of %s: %s: %w", url, name, err)
		}
	}
	return depth, nil
}

// Take receives so many dead letters at most. Other receivers do not get them for
// some minutes, or until they are put back. A FIFO queue returns no message of a group
// while another one of that group is taken, other than in the same batch of ten: so
// there may be more.
//
// After an error all that were taken are put back.
func (q Queue) Take(ctx context.Context, most int) ([]Message, error) {
	var messages []Message
	taken := make(map[string]int)
	for len(messages) < most {
		out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &q.URL,
			MaxNumberOfMessages:         int32(min(batch, most-len(messages))),
			VisibilityTimeout:           hidden,
			WaitTimeSeconds:             wait,
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("look into %s: %w", q.Name, err), q.PutBack(ctx, messages))
		}
		before := len(messages)
		for _, received := range out.Messages {
			message, err := read(received)
			if err != nil {
				return nil, errors.Join(err, q.PutBack(ctx, messages))
			}
			// A standard queue may deliver a message twice: then only the latest
			// receipt handle is valid.
			if i, again := taken[message.ID]; again {
				messages[i] = message
				continue
			}
			taken[message.ID] = len(messages)
			messages = append(messages, message)
		}
		if len(messages) == before {
			break
		}
	}
	return messages, nil
}

// PutBack makes dead letters that were taken visible again at once, even if ctx has
// ended in the meantime.
func (q Queue) PutBack(ctx context.Context, messages []Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for some := range slices.Chunk(messages, batch) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(some))
		for i, m := range some {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.receipt, VisibilityTimeout: 0,
			}
		}
		out, err := q.Client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL, Entries: entries})
		if err != nil {
			return fmt.Errorf("put dead letters back into %s, where they appear by themselves in %d minutes: %w", q.Name, hidden/60, err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("put dead letters back into %s, where %d of them appear by themselves in %d minutes: %s: %s", q.Name,
				len(out.Failed), hidden/60, aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
		}
	}
	return nil
}

// Look takes dead letters and puts them back.
func (q Queue) Look(ctx context.Context, most int) ([]Message, error) {
	messages, err := q.Take(ctx, most)
	if err != nil {
		return nil, err
	}
	return messages, q.PutBack(ctx, messages)
}

// Remove deletes a dead letter that was taken, even if ctx has ended in the meantime.
func (q Queue) Remove(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if _, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: m.receipt}); err != nil {
		return fmt.Errorf("remove dead letter %s from %s: %w", m.ID, q.Name, err)
	}
	return nil
}

// ErrNotFound means that the queue does not have the dead letter with the given id.
var ErrNotFound = errors.New("there is no dead letter")

// Discard removes the dead letter with an id or, if that is empty, all, and returns how
// many. It calls copied for each before it is removed. After an error nothing more is
// removed, so nothing is lost.
func (q Queue) Discard(ctx context.Context, id string, copied func(Message) error) (removed int, err error) {
	messages, err := q.Take(ctx, Maximum)
	if err != nil {
		return 0, err
	}
	var kept []Message
	defer func() { err = errors.Join(err, q.PutBack(ctx, kept)) }()
	found := false
	for i, m := range messages {
		if id != "" && m.ID != id {
			kept = append(kept, m)
			continue
		}
		found = true
		err := ctx.Err()
		if err == nil {
			err = copied(m)
		}
		if err == nil {
			err = q.Remove(ctx, m)
		}
		if err != nil {
			kept = append(kept, messages[i:]...)
			return removed, err
		}
		removed++
	}
	if id != "" && !found {
		return 0, fmt.Errorf("%w %s in %s", ErrNotFound, id, q.Name)
	}
	return removed, nil
}
