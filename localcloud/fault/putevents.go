package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

// failEntries fails entries of PutEvents; the others are published.
func (c *Calls) failEntries(operation wire.Operation) wire.Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var request struct{ Entries []json.RawMessage }
		if err := json.Unmarshal(body, &request); err != nil {
			// The operation returns a better error.
			return operation(ctx, body)
		}
		failed := make([]bool, len(request.Entries))
		var kept []json.RawMessage
		for i, entry := range request.Entries {
			if failed[i] = c.injector.Hit(PutEventsPartial); !failed[i] {
				kept = append(kept, entry)
			}
		}
		if len(kept) == len(request.Entries) {
			return operation(ctx, body)
		}
		accepted, err := put(ctx, operation, kept)
		if err != nil {
			return nil, err
		}
		insertFailures(accepted, failed)
		return accepted, nil
	}
}

// put publishes the entries that are left, if any are.
func put(ctx context.Context, operation wire.Operation, entries []json.RawMessage) (*eventbridge.PutEventsOutput, error) {
	if len(entries) == 0 {
		return &eventbridge.PutEventsOutput{}, nil
	}
	body, err := json.Marshal(map[string]any{"Entries": entries})
	if err != nil {
		return nil, err
	}
	out, err := operation(ctx, body)
	if err != nil {
		return nil, err
	}
	accepted, known := out.(*eventbridge.PutEventsOutput)
	if !known || len(accepted.Entries) != len(entries) {
		return nil, fmt.Errorf("PutEvents of %d entries answers %T", len(entries), out)
	}
	return accepted, nil
}

// insertFailures adds the results of the failed entries at their places.
func insertFailures(out *eventbridge.PutEventsOutput, failed []bool) {
	for i, isFailed := range failed {
		if isFailed {
			out.FailedEntryCount++
			out.Entries = slices.Insert(out.Entries, i, eventbridge.PutEventsResult{
				ErrorCode: "InternalFailure", ErrorMessage: "The request processing has failed because of an unknown error, exception or failure.",
			})
		}
	}
}
