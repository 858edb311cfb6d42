package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

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
	p, err := s.accept(arn, payload, maximumAsyncPayload)
	if err != nil {
		return err
	}
	inv := p.newInvocation(ctx, payload)
	// Begun while accept's call is counted, so that Close waits for it.
	s.background(func(ctx context.Context) {
		defer s.busy.Add(-1)
		s.handle(ctx, p, inv)
	})
	s.calls.Done()
	return nil
}

// failureReport is why the service gave an event up.
type failureReport struct {
	requestID string
	// status is the HTTP status that a synchronous caller would have seen.
	status  int
	message string
}

func (s *Service) handle(ctx context.Context, p *pool, inv *invocation) {
	expires := s.config.Clock().Add(p.function.MaximumEventAge)
	for attempt := 0; ; attempt++ {
		p.gate.wait(ctx)
		again := inv.forRetry()
		again.isLastAttempt = attempt == p.function.MaximumRetryAttempts
		result, err := s.attempt(ctx, p, again, expires)
		switch {
		case err == nil && result.FunctionError == "":
			return
		case ctx.Err() != nil:
			// The service is closed. What is in memory is lost with it.
			return
		case err != nil:
			s.giveUp(ctx, p, inv.payload, failureReport{inv.id, http.StatusTooManyRequests, "Rate Exceeded."})
			return
		}
		delay := s.config.AsyncRetryDelays[min(attempt, len(s.config.AsyncRetryDelays)-1)]
		if attempt == p.function.MaximumRetryAttempts || s.config.Clock().Add(delay).After(expires) {
			s.giveUp(ctx, p, inv.payload, failureReport{inv.id, http.StatusOK, errorMessage(result.Payload)})
			return
		}
		sleep(ctx, delay)
	}
}

// attempt waits for a slot and invokes the function. An error is returned if no
// slot is free before the event expires.
func (s *Service) attempt(ctx context.Context, p *pool, inv *invocation, expires time.Time) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, expires.Sub(s.config.Clock()))
	defer cancel()
	if err := p.reserve(ctx); err != nil {
		return Result{}, err
	}
	defer p.release()
	return p.invoke(ctx, inv), nil
}

func sleep(ctx context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errorMessage returns the errorMessage of a function's error, or all of it.
func errorMessage(payload []byte) string {
	var described functionError
	message := string(payload)
	if err := json.Unmarshal(payload, &described); err == nil && described.Message != "" {
		message = described.Message
	}
	if len(message) <= maximumErrorMessage {
		return message
	}
	cut := maximumErrorMessage
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut]
}

// giveUp sends an event to the function's dead-letter queue. If that fails, the
// event is lost.
func (s *Service) giveUp(ctx context.Context, p *pool, payload []byte, why failureReport) {
	if err := s.sendToDeadLetterQueue(ctx, p, payload, why); err != nil {
		s.config.Lost.Lost(loss.Loss{
			Kind: loss.Function, Name: p.function.ARN, Event: loss.Identify(payload),
			Reason: fmt.Sprintf("the invocation %s failed: %s; %s", why.requestID, why.message, err),
		})
	}
}

// sendToDeadLetterQueue sends the event with the permissions of the function's
// role.
func (s *Service) sendToDeadLetterQueue(ctx context.Context, p *pool, payload []byte, why failureReport) error {
	if p.function.DeadLetterARN == "" {
		return errors.New("the function has no dead-letter queue")
	}
	if s.config.DeadLetters == nil {
		return errors.New("there are no queues")
	}
	url, found := s.config.DeadLetters.URL(p.function.DeadLetterARN)
	if !found {
		return fmt.Errorf("its dead-letter queue %s does not exist", p.function.DeadLetterARN)
	}
	attributes := map[string]sqs.MessageAttribute{
		"RequestID": {DataType: "String", StringValue: &why.requestID},
		"ErrorCode": {DataType: "Number", StringValue: new(strconv.Itoa(why.status))},
	}
	if why.message != "" {
		attributes["ErrorMessage"] = sqs.MessageAttribute{DataType: "String", StringValue: &why.message}
	}
	_, err := s.config.DeadLetters.SendMessage(p.asRole(ctx), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: string(payload), MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("its dead-letter queue %s does not accept it: %w", p.function.DeadLetterARN, err)
	}
	return nil
}

// asRole returns a context whose calls to other services are made by the
// function's role.
func (p *pool) asRole(ctx context.Context) context.Context {
	return wire.WithCaller(ctx, p.function.Environment["AWS_ACCESS_KEY_ID"])
}
