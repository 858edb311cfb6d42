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
// delivered again. A payload of another kind is an error: the function is wired
// wrongly, and nothing is acknowledged.
func (h *Handler) Batch(ctx context.Context, payload json.RawMessage) (events.SQSEventResponse, error) {
	ctx = tracing.ContinueInvocation(ctx)
	records, err := readBatch(payload)
	if err != nil {
		return events.SQSEventResponse{}, h.refuse(ctx, err)
	}
	working, cancel := WithDeadlineMargin(ctx, handleMargin)
	defer cancel()

	groups := byGroup(records)
	done := make([]int, len(groups)) // How many of each group need not come again.
	var running errgroup.Group
	running.SetLimit(h.config.Parallelism)
	for i, messages := range groups {
		running.Go(func() error {
			for done[i] < len(messages) && h.message(working, messages[done[i]]) {
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
	return response(failed), err
}

// message handles one message and reports whether it is done with.
func (h *Handler) message(ctx context.Context, message events.SQSMessage) bool {
	if h.isOutOfTime(ctx, message.MessageId) {
		return false
	}
	letter := DeadLetter{ID: message.MessageId, Group: message.Attributes["MessageGroupId"], Body: message.Body}
	return h.event(ctx, letter) == nil
}

// byGroup splits a batch into what must be handled in order.
func byGroup(records []events.SQSMessage) [][]events.SQSMessage {
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

// response names the messages to be delivered again: of each message group the
// first that failed and all that follow it. It never has null for a list, which
// Lambda would take for a success of the whole batch.
func response(failed [][]events.SQSMessage) events.SQSEventResponse {
	ids := []events.SQSBatchItemFailure{}
	for _, messages := range failed {
		for _, message := range messages {
			ids = append(ids, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: ids}
}
