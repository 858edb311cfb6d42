package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// maximumErrorMessage is how much of an error a dead letter carries.
const maximumErrorMessage = 1 << 10

// InvokeAsync accepts an event. The service invokes the function with it, again
// if that fails, and sends it to the dead-letter queue in the end. Events wait
// while the function is throttled, but not longer than its maximum event age.
func (s *Service) InvokeAsync(ctx context.Context, arn string, payload []byte) error {
	t, err := s.accept(arn, payload, maximumAsyncPayload)
	if err != nil {
		return err
	}
	inv := t.newInvocation(ctx, payload)
	// Begun while accept's call is counted, so that Close waits for it.
	s.background(func(ctx context.Context) {
		defer s.busy.Add(-1)
		s.handle(ctx, t, inv)
	})
	s.calls.Done()
	return nil
}

func (s *Service) handle(ctx context.Context, t target, inv *invocation) {
	retries := t.retries()
	expires := s.config.Clock().Add(retries.MaximumEventAge)
	var end ending
	for {
		t.gate.wait(ctx)
		again := inv.forRetry()
		again.isLastAttempt = end.attempts == *retries.MaximumAttempts
		result, err := s.attempt(ctx, t, again, expires)
		failed := err != nil || result.FunctionError != ""
		switch {
		case failed && ctx.Err() != nil:
			// The service is closed. What is in memory is lost with it.
			return
		case err != nil:
			end.condition, end.isThrottled = conditionExpired, true
			s.giveUp(ctx, t, inv, end)
			return
		}
		end.attempts, end.result = end.attempts+1, result
		s.report(t, inv, result, end.attempts, *retries.MaximumAttempts+1)
		if !failed {
			s.succeed(ctx, t, inv, end)
			return
		}
		delay := s.config.AsyncRetryDelays[min(end.attempts, len(s.config.AsyncRetryDelays))-1]
		if within := s.config.RedeliverAfter; within > 0 {
			delay = min(delay, within)
		}
		switch {
		case again.isLastAttempt:
			end.condition = conditionExhausted
		case s.config.Clock().Add(delay).After(expires):
			end.condition = conditionExpired
		}
		if end.condition != "" {
			s.giveUp(ctx, t, inv, end)
			return
		}
		if wire.Sleep(ctx, delay) != nil {
			return
		}
	}
}

// report reports an attempt at one event, with its number and how many there are at most.
// Both are 0 for a synchronous invocation, which is not retried.
func (s *Service) report(t target, inv *invocation, result Result, number, most int) {
	attempt := activity.Attempt{
		Function: t.ARN, Request: inv.id, Attempts: most,
		Parts: []activity.Part{{Event: loss.Identify(inv.payload), Attempt: number}},
	}
	if result.FunctionError != "" {
		attempt.Parts[0].Failed, attempt.Reason = true, result.reason()
	}
	s.config.Attempted(attempt)
}

// attempt waits for a slot and invokes the function. An error is returned if no
// slot is free before the event expires.
func (s *Service) attempt(ctx context.Context, t target, inv *invocation, expires time.Time) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, expires.Sub(s.config.Clock()))
	defer cancel()
	if err := t.reserve(ctx); err != nil {
		return Result{}, err
	}
	defer t.release()
	return t.invoke(ctx, inv), nil
}

// errorMessage returns the errorMessage of a function's error, or all of it.
func errorMessage(payload []byte) string {
	var described functionError
	message := string(payload)
	if err := json.Unmarshal(payload, &described); err == nil && described.Message != "" {
		message = described.Message
	}
	// Only the last character can be cut into pieces.
	return strings.ToValidUTF8(message[:min(len(message), maximumErrorMessage)], "")
}

// giveUp sends an event to the function's dead-letter queue, and the record of its
// failure to the destination. If neither accepts it, the event is lost.
func (s *Service) giveUp(ctx context.Context, t target, inv *invocation, end ending) {
	problems := []error{s.sendToDeadLetterQueue(ctx, t.function, inv, end)}
	if destination := t.retries().OnFailure; destination != "" {
		problems = append(problems, s.sendRecord(ctx, t, inv, destination, end))
	}
	if slices.Contains(problems, nil) {
		return
	}
	_, message := end.error()
	s.config.Lost.Lost(loss.Loss{
		Kind: loss.Function, Name: t.ARN, Event: loss.Identify(inv.payload),
		Reason: fmt.Sprintf("the invocation %s failed: %s; %s", inv.id, message, strings.ReplaceAll(errors.Join(problems...).Error(), "\n", "; ")),
	})
}

// sendToDeadLetterQueue sends the event with the permissions of the function's
// role.
func (s *Service) sendToDeadLetterQueue(ctx context.Context, f *function, inv *invocation, end ending) error {
	status, message := end.error()
	if f.DeadLetterARN == "" {
		return errors.New("the function has no dead-letter queue")
	}
	url, found := s.config.DeadLetters.URL(f.DeadLetterARN)
	if !found {
		return fmt.Errorf("its dead-letter queue %s does not exist", f.DeadLetterARN)
	}
	attributes := map[string]sqs.MessageAttribute{
		"RequestID": {DataType: "String", StringValue: &inv.id},
		"ErrorCode": {DataType: "Number", StringValue: new(strconv.Itoa(status))},
	}
	if message != "" {
		attributes["ErrorMessage"] = sqs.MessageAttribute{DataType: "String", StringValue: &message}
	}
	_, err := s.config.DeadLetters.SendMessage(f.asRole(ctx), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: string(inv.payload), MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("its dead-letter queue %s does not accept it: %w", f.DeadLetterARN, err)
	}
	return nil
}

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
