package worker

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

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

	var failed failures
	var group errgroup.Group
	group.SetLimit(h.config.Parallelism)
	for _, messages := range byGroup(records) {
		group.Go(func() error {
			for i, message := range messages {
				if !h.message(working, message) {
					failed.add(messages[i:])
					return nil
				}
			}
			return nil
		})
	}
	err = group.Wait()
	h.backOff(ctx, failed.groups)
	return failed.response(), err
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

// failures are the messages to be delivered again: of each message group the
// first that failed and all that follow it.
type failures struct {
	mu     sync.Mutex
	groups [][]events.SQSMessage
}

func (f *failures) add(messages []events.SQSMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = append(f.groups, messages)
}

// response never has null for a list: Lambda would take that for a success of
// the whole batch.
func (f *failures) response() events.SQSEventResponse {
	ids := []events.SQSBatchItemFailure{}
	for _, messages := range f.groups {
		for _, message := range messages {
			ids = append(ids, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: ids}
}
