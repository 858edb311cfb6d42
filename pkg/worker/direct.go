package worker

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Direct handles one event that EventBridge invokes the function with. Lambda
// invokes it again after an error, and at last sends the event to the
// function's own dead-letter queue.
func (d *Door) Direct(ctx context.Context, payload json.RawMessage) error {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	letter := Letter{Body: string(payload)}
	if invocation, known := lambdacontext.FromContext(ctx); known {
		letter.ID = invocation.AwsRequestID
	}
	return d.event(ctx, letter)
}
