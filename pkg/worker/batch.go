package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/internal/safely"
	"example.com/saga/pkg/tracing"
)

// Batch handles a batch of SQS messages and returns which of them are to be
// delivered again. An error is returned if the payload is not such a batch: then
// the function is wired wrongly, and nothing is acknowledged.
func (h *Handler) Batch(ctx context.Context, payload json.RawMessage) (events.SQSEventResponse, error) {
	ctx = tracing.ContinueInvocation(ctx)
	records, err := readBatch(payload)
	if err != nil {
		return events.SQSEventResponse{}, h.refuse(ctx, err)
	}
	working, cancel := WithDeadlineMargin(ctx, handleMargin)
	defer cancel()

	messages := make([]*received, len(records))
	for i, record := range records {
		messages[i] = h.receive(working, DeadLetter{
			ID: record.MessageId, Group: record.Attributes["MessageGroupId"], Body: record.Body, Attributes: record.MessageAttributes,
		}, fifoGroup(record))
	}
	h.handle(working, messages)
	failed := failures(records, messages)
	h.backOff(ctx, failed)
	return newResponse(failed), nil
}

// errNotStarted is the error of an event that was not handled for lack of time.
var errNotStarted = errors.New("out of time")

// handleEach handles each event alone, and those of one group in their order.
func (h *Handler) handleEach(ctx context.Context, deliveries []event.Delivery) []error {
	errs := make([]error, len(deliveries))
	var running errgroup.Group
	running.SetLimit(h.config.Parallelism)
	for _, group := range inGroups(deliveries) {
		running.Go(func() error {
			h.handleGroup(ctx, group, deliveries, errs)
			return nil
		})
	}
	_ = running.Wait() // Each event has its own error.
	return errs
}

// handleGroup handles the deliveries of a group up to the first that is to be delivered
// again, and sets their errors.
func (h *Handler) handleGroup(ctx context.Context, group []int, deliveries []event.Delivery, errs []error) {
	for n, i := range group {
		if ctx.Err() != nil {
			errs[i] = errNotStarted
		} else {
			errs[i] = safely.Within(ctx, func() error { return h.config.Handle(deliveries[i].Context, deliveries[i].Event) })
		}
		if errs[i] == nil || errors.Is(errs[i], event.ErrInvalid) {
			continue
		}
		for _, behind := range group[n+1:] {
			errs[behind] = fmt.Errorf("an earlier event of its group has failed: %w", errs[i])
		}
		return
	}
}

// inGroups returns the indexes of the deliveries of each group. A delivery without a
// group is a group of its own.
func inGroups(deliveries []event.Delivery) [][]int {
	var groups [][]int
	index := make(map[string]int)
	for i, delivery := range deliveries {
		n, known := index[delivery.Group]
		if delivery.Group == "" || !known {
			n = len(groups)
			groups = append(groups, nil)
			index[delivery.Group] = n
		}
		groups[n] = append(groups[n], i)
	}
	return groups
}

// fifoGroup returns the message group of a message of a FIFO queue, or "" for a standard
// queue. Its groups are tenants of a fair queue, and order nothing.
func fifoGroup(message events.SQSMessage) string {
	if !strings.HasSuffix(message.EventSourceARN, ".fifo") {
		return ""
	}
	return message.Attributes["MessageGroupId"]
}

// failures returns the messages to be delivered again, in groups: of each message group
// the first that failed and all that follow it.
func failures(records []events.SQSMessage, messages []*received) [][]events.SQSMessage {
	var failed [][]events.SQSMessage
	index := make(map[string]int)
	for i, m := range messages {
		n, follows := index[m.Group]
		switch {
		case m.Group != "" && follows:
			failed[n] = append(failed[n], records[i])
		case m.err != nil:
			index[m.Group] = len(failed)
			failed = append(failed, []events.SQSMessage{records[i]})
		}
	}
	return failed
}

// newResponse returns the ids of the messages to be delivered again. The list is never
// null, which Lambda would take as success of the whole batch.
func newResponse(failed [][]events.SQSMessage) events.SQSEventResponse {
	ids := []events.SQSBatchItemFailure{}
	for _, messages := range failed {
		for _, message := range messages {
			ids = append(ids, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: ids}
}
