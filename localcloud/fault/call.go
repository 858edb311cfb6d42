package fault

import (
	"context"
	"encoding/json"
	"maps"
	"strings"

	"example.com/saga/localcloud/wire"
)

// Processes are the processes of functions, by the session tokens that they
// call with.
type Processes interface {
	// Spared tells whether the process must not be hit: it is none of a
	// function, or works on the last attempt of a delivery.
	Spared(session string) bool
	// Kill ends the process at once, and returns when it has ended.
	Kill(session string)
	// TimeOut ends its invocation as if that had lasted for too long.
	TimeOut(session string)
}

// Calls hits the calls of functions.
type Calls struct {
	dice      *Dice
	processes Processes
}

// NewCalls makes Calls.
func NewCalls(dice *Dice, processes Processes) *Calls {
	return &Calls{dice: dice, processes: processes}
}

// Around gives a service whose operations are hit.
func (c *Calls) Around(service wire.Service) wire.Service {
	service.Operations = maps.Clone(service.Operations)
	for name, operation := range service.Operations {
		hit := c.service(service.Target, name, operation)
		service.Operations[name] = func(ctx context.Context, body []byte) (any, error) {
			if c.processes.Spared(wire.Session(ctx)) {
				return operation(ctx, body)
			}
			return c.process(ctx, body, hit)
		}
	}
	return service
}

// process hits the process that makes a call.
func (c *Calls) process(ctx context.Context, body []byte, operation wire.Operation) (any, error) {
	if c.dice.Strikes(KillBeforeCall) {
		c.processes.Kill(wire.Session(ctx))
		return nil, wire.ErrNoAnswer
	}
	out, err := operation(ctx, body)
	switch {
	case c.dice.Strikes(KillAfterCall):
		c.processes.Kill(wire.Session(ctx))
		return nil, wire.ErrNoAnswer
	case c.dice.Strikes(FunctionTimeout):
		c.processes.TimeOut(wire.Session(ctx))
		<-ctx.Done() // The process waits for its answer until it is ended.
		return nil, wire.ErrNoAnswer
	default:
		return out, err
	}
}

// service hits what is particular to a service.
func (c *Calls) service(target, name string, operation wire.Operation) wire.Operation {
	switch {
	case target == "AWSEvents" && name == "PutEvents":
		return c.losesAnswer(PutEventsLostAnswer, c.partial(operation))
	case strings.HasPrefix(target, "DynamoDB_"):
		return c.refuses(name, c.losesAnswer(DynamoDBLostAnswer, operation))
	default:
		return operation
	}
}

func (c *Calls) losesAnswer(name Name, operation wire.Operation) wire.Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		out, err := operation(ctx, body)
		if err == nil && c.dice.Strikes(name) {
			return nil, wire.ErrNoAnswer
		}
		return out, err
	}
}

// refuses refuses calls to DynamoDB before they have an effect.
func (c *Calls) refuses(name string, operation wire.Operation) wire.Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		if c.dice.Strikes(DynamoDBThrottle) {
			return nil, wire.Errorf("ThrottlingException", "The request was denied due to request throttling.")
		}
		switch name {
		case "PutItem", "UpdateItem", "DeleteItem":
			if c.dice.Strikes(DynamoDBConflict) {
				return nil, wire.Errorf("TransactionConflictException", "Transaction is ongoing for the item")
			}
		case "TransactWriteItems":
			if c.dice.Strikes(DynamoDBConflict) {
				return nil, cancelled(body)
			}
		}
		return operation(ctx, body)
	}
}

// cancelled is the refusal of a transaction whose first item is in another one.
func cancelled(body []byte) error {
	var request struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(body, &request); err != nil || len(request.TransactItems) == 0 {
		return wire.Errorf("SerializationException", "the transaction has no items: %v", err)
	}
	codes := make([]string, len(request.TransactItems))
	reasons := make([]map[string]string, len(request.TransactItems))
	for i := range codes {
		codes[i], reasons[i] = "None", map[string]string{"Code": "None"}
	}
	codes[0] = "TransactionConflict"
	reasons[0] = map[string]string{"Code": codes[0], "Message": "Transaction is ongoing for the item"}
	failure := wire.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Members = map[string]any{"CancellationReasons": reasons}
	return failure
}
