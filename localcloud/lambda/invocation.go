package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

const errorUnhandled = "Unhandled"

// invocation is one event for a function. Its id stays the same when it is retried.
type invocation struct {
	id string
	// arn is the one that the function was invoked with.
	arn     string
	payload []byte
	// trace is the trace header of X-Ray.
	trace string
	// isLastAttempt is set if this may be the last attempt.
	isLastAttempt bool
	// wantsLog is set if the result is to have the end of the log.
	wantsLog bool
	// deadline is set when a process starts to handle it.
	deadline time.Time
	// answered receives the process's response.
	answered chan Result
}

// forRetry returns the same event for another attempt.
func (i *invocation) forRetry() *invocation {
	return &invocation{id: i.id, arn: i.arn, payload: i.payload, trace: i.trace, answered: make(chan Result, 1)}
}

// functionError is Lambda's description of a failure.
type functionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (i *invocation) failure(kind, format string, args ...any) Result {
	payload, err := json.Marshal(functionError{
		Type:    kind,
		Message: fmt.Sprintf("RequestId: %s Error: %s", i.id, fmt.Sprintf(format, args...)),
	})
	if err != nil {
		payload = []byte(`{"errorType":"Runtime.Unknown"}`)
	}
	return Result{RequestID: i.id, Payload: payload, FunctionError: errorUnhandled}
}

// initError is the failure of a process before its first request for an event.
type initError struct {
	// payload is the error that the process itself reported, if any.
	payload []byte
	reason  string
	output  string
}

// Error returns the reason and the process's last output.
func (e *initError) Error() string {
	text := e.reason
	if len(e.payload) > 0 {
		text += ": " + string(e.payload)
	}
	if e.output != "" {
		text += "; its last output was:\n" + e.output
	}
	return text
}

func (i *invocation) initFailure(err error) Result {
	failed, ok := errors.AsType[*initError](err)
	switch {
	case !ok:
		return i.failure("Runtime.InitError", "%s", err)
	case len(failed.payload) > 0:
		return Result{RequestID: i.id, Payload: failed.payload, FunctionError: errorUnhandled}
	default:
		result := i.failure("Runtime.ExitError", "%s", failed.reason)
		result.output = failed.output[strings.LastIndex(failed.output, "\n")+1:]
		return result
	}
}

// traceHeader is the header of HTTP requests to Lambda that has the trace.
const traceHeader = "X-Amzn-Trace-Id"

// The parts of a trace header.
var (
	rootPattern    = regexp.MustCompile(`(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)`)
	sampledPattern = regexp.MustCompile(`(?:^|;)Sampled=([01])(?:;|$)`)
)

type traceKey struct{}

// WithTrace returns a context whose invocations belong to the trace of an X-Ray
// header, such as an event's TraceHeader.
func WithTrace(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, traceKey{}, header)
}

// trace returns the trace header of an invocation. It continues the caller's
// trace, with the decision about its sampling. Without one it begins a trace,
// which is sampled if the function's tracing is active. The parent is Lambda's
// own segment, which does not exist here.
func (f *Function) trace(ctx context.Context, now time.Time) string {
	random := uuid.New()
	root, sampled := fmt.Sprintf("1-%08x-%x", now.Unix(), random[:12]), "0"
	if f.ActiveTracing {
		sampled = "1"
	}
	upstream, _ := ctx.Value(traceKey{}).(string)
	if found := rootPattern.FindStringSubmatch(upstream); found != nil {
		root = found[1]
		if decided := sampledPattern.FindStringSubmatch(upstream); decided != nil {
			sampled = decided[1]
		}
	}
	parent := uuid.New()
	return fmt.Sprintf("Root=%s;Parent=%x;Sampled=%s", root, parent[:8], sampled)
}
