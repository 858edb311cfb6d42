package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
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
