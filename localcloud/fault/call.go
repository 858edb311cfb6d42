package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

// Processes are the processes of functions, by the session tokens of their calls.
type Processes interface {
	// Exempt reports whether the process must not be hit: it is not a function's,
	// or works on the last attempt of a delivery.
	Exempt(session string) bool
	// Kill ends the process at once, and returns when it has ended.
	Kill(session string)
	// TimeOut ends its invocation as if that had exceeded its timeout.
	TimeOut(session string)
}

// Calls injects faults into calls by functions.
type Calls struct {
	injector  *Injector
	processes Processes
}

// NewCalls returns Calls with the faults of an injector.
func NewCalls(injector *Injector, processes Processes) *Calls {
	return &Calls{injector: injector, processes: processes}
}

// Wrap returns a service with faults in its operations.
func (c *Calls) Wrap(service wire.Service) wire.Service {
	service.Operations = maps.Clone(service.Operations)
	for name, operation := range service.Operations {
		hit := c.faultService(service.Target, name, operation)
		service.Operations[name] = func(ctx context.Context, body []byte) (any, error) {
			if !c.injector.Active() || c.processes.Exempt(wire.Session(ctx)) {
				return operation(ctx, body)
			}
			return c.faultProcess(ctx, body, hit)
		}
	}
	return service
}

// faultProcess injects the faults of the process that makes a call.
func (c *Calls) faultProcess(ctx context.Context, body []byte, operation wire.Operation) (any, error) {
	if c.injector.Hit(KillBeforeCall) {
		c.processes.Kill(wire.Session(ctx))
		return nil, wire.ErrNoAnswer
	}
	out, err := operation(ctx, body)
	switch {
	case c.injector.Hit(KillAfterCall):
		c.processes.Kill(wire.Session(ctx))
	case c.injector.Hit(FunctionTimeout):
		c.processes.TimeOut(wire.Session(ctx))
		<-ctx.Done() // The process waits for its answer until it is ended.
	default:
		return out, err
	}
	return nil, wire.ErrNoAnswer
}

// faultService adds the faults that a service has of its own.
func (c *Calls) faultService(target, name string, operation wire.Operation) wire.Operation {
	lost := DynamoDBLostAnswer
	if target == "AWSEvents" && name == "PutEvents" {
		lost, operation = PutEventsLostAnswer, c.failEntries(operation)
	} else if !strings.HasPrefix(target, "DynamoDB_") {
		return operation
	}
	return func(ctx context.Context, body []byte) (any, error) {
		if lost == DynamoDBLostAnswer {
			if refused := c.refuseDynamoDB(name, body); refused != nil {
				return nil, refused
			}
		}
		out, err := operation(ctx, body)
		if err == nil && c.injector.Hit(lost) {
			return nil, wire.ErrNoAnswer
		}
		return out, err
	}
}

// refuseDynamoDB refuses a call to DynamoDB before it has an effect.
func (c *Calls) refuseDynamoDB(name string, body []byte) error {
	if c.injector.Hit(DynamoDBThrottle) {
		return wire.Errorf("ThrottlingException", "The request was denied due to request throttling.")
	}
	isTransaction := name == "TransactWriteItems"
	if !isTransaction && !slices.Contains([]string{"PutItem", "UpdateItem", "DeleteItem"}, name) || !c.injector.Hit(DynamoDBConflict) {
		return nil
	}
	if isTransaction {
		return transactionConflict(body)
	}
	return dynamodb.Conflict()
}

// transactionConflict returns the error of a transaction whose first item is in
// another one.
func transactionConflict(body []byte) error {
	var request struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(body, &request); err != nil || len(request.TransactItems) == 0 {
		return wire.Errorf("SerializationException", "the transaction has no items: %v", err)
	}
	return dynamodb.TransactionConflict(len(request.TransactItems))
}

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
