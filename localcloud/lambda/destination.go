package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"example.com/saga/localcloud/loss"
)

// How asynchronous invocations end.
const (
	conditionSuccess   = "Success"
	conditionExhausted = "RetriesExhausted"
	conditionExpired   = "EventAgeExceeded"
)

// Record is the result of an asynchronous invocation. An event that never ran has no
// response.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type Record struct {
	Version        string `json:"version"`
	Timestamp      string `json:"timestamp"`
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

// Succeeded reports whether the function has handled the event.
func (r Record) Succeeded() bool { return r.RequestContext.Condition == conditionSuccess }

// ending is how an asynchronous invocation ended, after some attempts. The result is
// that of the last one. isThrottled is set if another one found no slot.
type ending struct {
	condition   string
	attempts    int
	result      Result
	isThrottled bool
}

// error returns the HTTP status and the error that a synchronous caller would have seen.
func (e ending) error() (status int, message string) {
	if e.isThrottled {
		return http.StatusTooManyRequests, throttled().Message
	}
	return http.StatusOK, errorMessage(e.result.Payload)
}

// sendRecord sends the record of an invocation to a destination with the permissions of
// the function's role.
func (s *Service) sendRecord(ctx context.Context, t target, inv *invocation, destination string, end ending) error {
	record := Record{Version: "1.0", Timestamp: s.config.Clock().UTC().Format("2006-01-02T15:04:05.000Z"), RequestPayload: inv.payload}
	of := &record.RequestContext
	of.RequestID, of.FunctionARN = inv.id, t.ARN+":"+cmp.Or(t.qualifier, latest)
	of.Condition, of.ApproximateInvokeCount = end.condition, end.attempts
	if end.attempts > 0 {
		record.ResponseContext = &responseContext{http.StatusOK, end.result.Version, end.result.FunctionError}
		record.ResponsePayload = end.result.Payload
	}
	if err := s.config.SendRecord(t.asRole(ctx), destination, record); err != nil {
		return fmt.Errorf("its destination %s does not accept the record: %w", destination, err)
	}
	return nil
}

// succeed sends the record of an event that was handled. If that fails, the record is
// lost.
func (s *Service) succeed(ctx context.Context, t target, inv *invocation, end ending) {
	end.condition = conditionSuccess
	destination := t.retries().OnSuccess
	if destination == "" {
		return
	}
	if err := s.sendRecord(ctx, t, inv, destination, end); err != nil {
		s.config.Lost.Lost(loss.Loss{
			Kind: loss.Function, Name: t.ARN, Target: destination, Event: loss.Identify(inv.payload),
			Reason: fmt.Sprintf("the invocation %s succeeded; %s", inv.id, err),
		})
	}
}
