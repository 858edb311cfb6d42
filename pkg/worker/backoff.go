package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
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
// SQS queues. It needs the permission sqs:ChangeMessageVisibility, and makes one call
// for ten messages of a queue. The delay doubles with every delivery of the message,
// from a second to five minutes, and is then reduced at random by up to a half.
type VisibilityBackoff struct {
	client VisibilityChanger
	// urls are the URLs of the queues by their names.
	urls   map[string]string
	random func() float64
}

// NewVisibilityBackoff makes a backoff of the messages of the queues with these URLs,
// which are those of one account and region. The function random returns a number in
// [0, 1); if it is nil, it is that of math/rand/v2. The error names every required
// argument that is missing.
func NewVisibilityBackoff(client VisibilityChanger, urls []string, random func() float64) (*VisibilityBackoff, error) {
	if err := required.Fields("worker.VisibilityBackoff", map[string]bool{
		"client": client != nil, "queue URL": len(urls) > 0 && !slices.Contains(urls, ""),
	}); err != nil {
		return nil, err
	}
	if random == nil {
		random = rand.Float64
	}
	b := &VisibilityBackoff{client, make(map[string]string), random}
	for _, url := range urls {
		b.urls[lastPart(url, "/")] = url
	}
	return b, nil
}

// lastPart returns the name of a queue, which is the last part of its URL
// (…/account/name) and of its ARN (…:account:name).
func lastPart(text, separator string) string {
	return text[strings.LastIndex(text, separator)+1:]
}

var _ Backoff = (*VisibilityBackoff)(nil)

// Delay implements Backoff.
func (b *VisibilityBackoff) Delay(ctx context.Context, groups [][]events.SQSMessage) error {
	var problems []error
	changes := make(map[string][]types.ChangeMessageVisibilityBatchRequestEntry) // By the URLs of the queues.
	for _, messages := range groups {
		delay, delayErr := b.delay(messages[0])
		url, urlErr := b.url(messages[0])
		if err := errors.Join(delayErr, urlErr); err != nil {
			problems = append(problems, err)
			continue
		}
		for _, message := range messages {
			changes[url] = append(changes[url], types.ChangeMessageVisibilityBatchRequestEntry{
				Id:                aws.String(strconv.Itoa(len(changes[url]))),
				ReceiptHandle:     aws.String(message.ReceiptHandle),
				VisibilityTimeout: int32(delay.Round(time.Second) / time.Second),
			})
		}
	}
	for _, url := range slices.Sorted(maps.Keys(changes)) {
		for chunk := range slices.Chunk(changes[url], maximumEntries) {
			problems = append(problems, b.change(ctx, url, chunk))
		}
	}
	return errors.Join(problems...)
}

// url returns the URL of the queue that a message came from: a receipt handle is
// valid for its own queue only.
func (b *VisibilityBackoff) url(message events.SQSMessage) (string, error) {
	url, known := b.urls[lastPart(message.EventSourceARN, ":")]
	if !known {
		return "", fmt.Errorf("message %s is of the queue %q, whose URL is not known", message.MessageId, message.EventSourceARN)
	}
	return url, nil
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

func (b *VisibilityBackoff) change(ctx context.Context, url string, changes []types.ChangeMessageVisibilityBatchRequestEntry) error {
	out, err := b.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: changes})
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
	if err := safely.Within(ctx, func() error { return h.config.Backoff.Delay(ctx, groups) }); err != nil {
		h.config.Logger.WarnContext(ctx, "messages that failed are not delayed", slog.String("error", err.Error()))
	}
}
