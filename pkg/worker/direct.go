package worker

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/saga/pkg/tracing"
)

// Direct handles one event with which EventBridge invokes the function. After an
// error Lambda invokes the function again, a minute later and then two minutes
// later, and finally sends the event to the function's own dead-letter queue. So
// no Backoff is needed.
//
// An object that is not an event is put into the dead-letter queue. An error is
// returned if the payload is of another kind, such as a batch of SQS messages or,
// without Config.Decode, an event in the envelope of EventBridge: then the function is
// wired wrongly.
func (h *Handler) Direct(ctx context.Context, payload json.RawMessage) error {
	err := h.direct(ctx, payload)
	if err != nil && err.Error() != sanitize(err.Error()) {
		return sanitized{err}
	}
	return err
}

// sanitized is an error whose text Lambda can put into an attribute of its dead
// letter.
type sanitized struct{ error }

func (s sanitized) Error() string { return sanitize(s.error.Error()) }

func (s sanitized) Unwrap() error { return s.error }

func (h *Handler) direct(ctx context.Context, payload json.RawMessage) error {
	ctx, cancel := WithDeadlineMargin(tracing.ContinueInvocation(ctx), handleMargin)
	defer cancel()
	if err := checkEvent(payload, h.config.Decode != nil); err != nil {
		return h.refuse(ctx, err)
	}
	deadLetter := DeadLetter{Body: string(payload)}
	if invocation, known := lambdacontext.FromContext(ctx); known {
		deadLetter.ID = invocation.AwsRequestID
	}
	m := h.receive(ctx, deadLetter, "")
	h.handle(ctx, []*received{m})
	if errors.Is(m.err, errNotStarted) {
		return ctx.Err()
	}
	return m.err
}
