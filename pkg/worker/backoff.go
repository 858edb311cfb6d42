package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/internal/safely"
	"example.com/saga/pkg/required"
)

// Backoff delays the next delivery of messages that failed.
type Backoff interface {
	// Delay delays groups of messages. The first of a group has failed, or was not
	// started in time. The others follow it in its message group and share its delay,
	// so that they stay behind it. An error is harmless: the messages are delivered
	// again after their visibility timeout.
	Delay(ctx context.Context, groups [][]events.SQSMessage) error
}

// The delay after the first failure, and the longest.
const (
	minimumDelay = time.Second
	maximumDelay = 5 * time.Minute
)

// maximumEntries is how many messages one call can delay.
const maximumEntries = 10

// VisibilityChanger is the part of the SQS client that a VisibilityBackoff uses.
type VisibilityChanger interface {
	ChangeMessageVisibilityBatch(
		context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options),
	) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// VisibilityBackoff is a Backoff that changes the visibility timeout of messages of
// an SQS queue. It needs the permission sqs:ChangeMessageVisibility, and makes one
// call for ten messages. The delay doubles with every delivery of the message, from
// a second to five minutes, and is then reduced at random by up to a half.
type VisibilityBackoff struct {
	client VisibilityChanger
	url    string
	random func() float64
}

// NewVisibilityBackoff makes a backoff of the messages of the queue with this URL.
// The function random returns a number in [0, 1); if it is nil, it is that of
// math/rand/v2. The error names every required argument that is missing.
func NewVisibilityBackoff(client VisibilityChanger, url string, random func() float64) (*VisibilityBackoff, error) {
	if err := required.Fields("worker.VisibilityBackoff", map[string]bool{"client": client != nil, "queue URL": url != ""}); err != nil {
		return nil, err
	}
	if random == nil {
		random = rand.Float64
	}
	return &VisibilityBackoff{client, url, random}, nil
}

var _ Backoff = (*VisibilityBackoff)(nil)

// Delay implements Backoff.
func (b *VisibilityBackoff) Delay(ctx context.Context, groups [][]events.SQSMessage) error {
	var problems []error
	var changes []types.ChangeMessageVisibilityBatchRequestEntry
	for _, messages := range groups {
		delay, err := b.delay(messages[0])
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, message := range messages {
			changes = append(changes, types.ChangeMessageVisibilityBatchRequestEntry{
				Id:                aws.String(strconv.Itoa(len(changes))),
				ReceiptHandle:     aws.String(message.ReceiptHandle),
				VisibilityTimeout: int32(delay.Round(time.Second) / time.Second),
			})
		}
	}
	for chunk := range slices.Chunk(changes, maximumEntries) {
		problems = append(problems, b.change(ctx, chunk))
	}
	return errors.Join(problems...)
}

// delay returns the delay of a message that failed.
func (b *VisibilityBackoff) delay(message events.SQSMessage) (time.Duration, error) {
	received, err := strconv.Atoi(message.Attributes["ApproximateReceiveCount"])
	if err != nil || received < 1 {
		return 0, fmt.Errorf("message %s has the ApproximateReceiveCount %q, not a number above 0", message.MessageId, message.Attributes["ApproximateReceiveCount"])
	}
	delay := minimumDelay
	for n := 1; n < received && delay < maximumDelay; n++ {
		delay *= 2
	}
	delay = min(delay, maximumDelay)
	return delay - time.Duration(b.random()*float64(delay)/2), nil
}

func (b *VisibilityBackoff) change(ctx context.Context, changes []types.ChangeMessageVisibilityBatchRequestEntry) error {
	out, err := b.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &b.url, Entries: changes})
	if err != nil {
		return fmt.Errorf("delay %d messages: %w", len(changes), err)
	}
	var problems []error
	for _, failed := range out.Failed {
		problems = append(problems, fmt.Errorf("delay a message: %s: %s", aws.ToString(failed.Code), aws.ToString(failed.Message)))
	}
	return errors.Join(problems...)
}

// backOff delays the groups that failed, within the time that the invocation has
// left.
func (h *Handler) backOff(ctx context.Context, groups [][]events.SQSMessage) {
	if h.config.Backoff == nil || len(groups) == 0 {
		return
	}
	ctx, cancel := WithDeadlineMargin(ctx, answerMargin)
	defer cancel()
	if err := safely.Call(func() error { return h.config.Backoff.Delay(ctx, groups) }); err != nil {
		h.config.Logger.WarnContext(ctx, "messages that failed are not delayed", slog.String("error", err.Error()))
	}
}
