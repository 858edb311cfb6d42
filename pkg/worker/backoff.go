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

	"example.com/saga/pkg/required"
)

// Backoff delays the next delivery of messages that failed.
type Backoff interface {
	// Delay delays groups of messages. The first of a group has failed, or was
	// not begun in time; the others follow it in its message group and share its
	// delay, so that they stay behind it. An error is harmless: the messages come
	// when their visibility timeout is over.
	Delay(ctx context.Context, groups [][]events.SQSMessage) error
}

// The delay after the first failure, and the longest.
const (
	minimumDelay = time.Second
	maximumDelay = 5 * time.Minute
)

// maximumChanges is how many messages one call may delay.
const maximumChanges = 10

// VisibilityChanger is the part of the SQS client that a VisibilityBackoff uses.
type VisibilityChanger interface {
	ChangeMessageVisibilityBatch(
		context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options),
	) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// VisibilityBackoff is a Backoff by the visibility timeout of an SQS queue. It
// needs the permission sqs:ChangeMessageVisibility, and one call for ten
// messages. The delay doubles with every delivery of the message from a second
// to five minutes, and is shortened by up to a half, by random.
type VisibilityBackoff struct {
	client VisibilityChanger
	url    string
	random func() float64
}

// NewVisibilityBackoff makes a backoff of the messages of the queue with this URL.
// Without random, which returns a number in [0, 1), it is that of math/rand/v2. An
// error names all that is missing.
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
	for some := range slices.Chunk(changes, maximumChanges) {
		problems = append(problems, b.change(ctx, some))
	}
	return errors.Join(problems...)
}

// delay is that of a message which failed.
func (b *VisibilityBackoff) delay(message events.SQSMessage) (time.Duration, error) {
	received, err := strconv.Atoi(message.Attributes["ApproximateReceiveCount"])
	if err != nil || received < 1 {
		return 0, fmt.Errorf("message %s does not say how often it was received: %q", message.MessageId, message.Attributes["ApproximateReceiveCount"])
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

// backOff delays what failed, in what is left of the time of the invocation.
func (h *Handler) backOff(ctx context.Context, groups [][]events.SQSMessage) {
	if h.config.Backoff == nil || len(groups) == 0 {
		return
	}
	ctx, cancel := WithDeadlineMargin(ctx, answerMargin)
	defer cancel()
	if err := safely(func() error { return h.config.Backoff.Delay(ctx, groups) }); err != nil {
		h.config.Logger.WarnContext(ctx, "messages that failed are not delayed", slog.String("error", err.Error()))
	}
}
