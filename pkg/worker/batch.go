package worker

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

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

	groups := groupMessages(records)
	done := make([]int, len(groups)) // How many messages of each group are done.
	var running errgroup.Group
	running.SetLimit(h.config.Parallelism)
	for i, messages := range groups {
		running.Go(func() error {
			for done[i] < len(messages) && h.handleMessage(working, messages[done[i]]) {
				done[i]++
			}
			return nil
		})
	}
	err = running.Wait()
	var failed [][]events.SQSMessage
	for i, messages := range groups {
		if done[i] < len(messages) {
			failed = append(failed, messages[done[i]:])
		}
	}
	h.backOff(ctx, failed)
	return newResponse(failed), err
}

// handleMessage handles one message and reports whether it is done: handled, or in
// the dead-letter queue.
func (h *Handler) handleMessage(ctx context.Context, message events.SQSMessage) bool {
	if h.isOutOfTime(ctx, message.MessageId) {
		return false
	}
	return h.handleEvent(ctx, DeadLetter{
		ID: message.MessageId, Group: message.Attributes["MessageGroupId"], Body: message.Body,
	}) == nil
}

// groupMessages splits a batch into groups, each of which is handled in order: the
// message groups of a FIFO queue, or single messages of a standard queue.
func groupMessages(records []events.SQSMessage) [][]events.SQSMessage {
	var groups [][]events.SQSMessage
	index := make(map[string]int)
	for _, record := range records {
		group := record.Attributes["MessageGroupId"]
		fifo := strings.HasSuffix(record.EventSourceARN, ".fifo")
		i, known := index[group]
		if !fifo || !known {
			i = len(groups)
			groups = append(groups, nil)
			index[group] = i
		}
		groups[i] = append(groups[i], record)
	}
	return groups
}

// newResponse returns the ids of the messages to be delivered again: of each
// message group the first that failed and all that follow it. The list is never
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
