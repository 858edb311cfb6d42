package httpcommand

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/tracing"
)

// Executor executes a command once per id, and returns the state after it, also with
// participant.ErrUnpublished. A participant.Participant is one.
type Executor[S any] interface {
	Execute(ctx context.Context, command event.Event, data event.Data) (S, error)
}

// Execute executes the command of a request in a span of its own, and returns the context of
// the span, in which lines about the command are logged.
//
// A committed command is a success even if its events could not be published: that is logged
// as a warning, and whatever republishes the participant's due records publishes them.
// participant.ErrOtherContent is the problem KeyReused. Neither these nor the errors of the
// route's types of problems are faults in the trace.
func Execute[S any](ctx context.Context, r *Request, executor Executor[S], command event.Event, data event.Data) (context.Context, S, error) {
	expected := []error{participant.ErrOtherContent}
	for _, t := range r.route.problems {
		expected = append(expected, t.Err) // A nil one matches no error.
	}
	ctx, span := tracing.Start(ctx, r.api.config.Tracer, command, trace.SpanKindServer)
	state, err := executor.Execute(ctx, command, data)
	tracing.End(span, err, expected...)
	switch {
	case errors.Is(err, participant.ErrUnpublished):
		r.api.config.Logger.WarnContext(ctx, "accepted, to be published later", slog.String("error", err.Error()))
		err = nil
	case errors.Is(err, participant.ErrOtherContent):
		err = &Error{
			Type: KeyReused, Detail: "This key was used before with another body: use a new key for a new " + r.route.Noun + ".",
		}
	}
	return ctx, state, err
}
