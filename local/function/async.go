package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"example.com/saga/local/queue"
	"example.com/saga/local/wire"
)

// longestMessage is how much of an error a dead letter carries.
const longestMessage = 1 << 10

// InvokeAsync accepts an event. The service invokes the function with it, again if
// that fails, and gives it to the dead-letter queue in the end. Events wait while
// the function is throttled, but not longer than its maximum event age.
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

// abandoned is why an event is given up.
type abandoned struct {
	requestID string
	// status is the HTTP status that a synchronous caller would have seen.
	status  int
	message string
}

func (s *Service) handle(ctx context.Context, p *pool, inv *invocation) {
	expires := s.config.Clock().Add(p.function.MaximumEventAge)
	for attempt := 0; ; attempt++ {
		p.gate.pass(ctx)
		again := inv.again()
		again.last = attempt == p.function.MaximumRetryAttempts
		result, err := s.attempt(ctx, p, again, expires)
		switch {
		case err == nil && result.FunctionError == "":
			return
		case ctx.Err() != nil:
			s.config.Logger.WarnContext(ctx, "an event is lost because the service is closed",
				"function", p.function.Name, "request_id", inv.id)
			return
		case err != nil:
			s.abandon(ctx, p, inv.payload, abandoned{inv.id, http.StatusTooManyRequests, "Rate Exceeded."})
			return
		}
		delay := s.config.AsyncRetryDelays[min(attempt, len(s.config.AsyncRetryDelays)-1)]
		if attempt == p.function.MaximumRetryAttempts || s.config.Clock().Add(delay).After(expires) {
			s.abandon(ctx, p, inv.payload, abandoned{inv.id, http.StatusOK, errorMessage(result.Payload)})
			return
		}
		pause(ctx, delay)
	}
}

// attempt waits for a place and invokes the function. It fails if there is no
// place before the event expires.
func (s *Service) attempt(ctx context.Context, p *pool, inv *invocation, expires time.Time) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, expires.Sub(s.config.Clock()))
	defer cancel()
	if err := p.reserve(ctx); err != nil {
		return Result{}, err
	}
	defer p.free()
	return p.invoke(ctx, inv), nil
}

func pause(ctx context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errorMessage is the errorMessage of a function's error, or all of it.
func errorMessage(payload []byte) string {
	var described functionError
	message := string(payload)
	if err := json.Unmarshal(payload, &described); err == nil && described.Message != "" {
		message = described.Message
	}
	if len(message) <= longestMessage {
		return message
	}
	cut := longestMessage
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut]
}

func (s *Service) abandon(ctx context.Context, p *pool, payload []byte, why abandoned) {
	logger := s.config.Logger.With("function", p.function.Name, "request_id", why.requestID, "reason", why.message)
	if p.function.DeadLetterARN == "" {
		logger.WarnContext(ctx, "an event is dropped: the function has no dead-letter queue")
		return
	}
	if err := s.bury(ctx, p, payload, why); err != nil {
		logger.ErrorContext(ctx, "an event is dropped: its dead-letter queue does not take it", "error", err)
	}
}

// bury sends the event to the function's dead-letter queue, in the name of the
// function's role.
func (s *Service) bury(ctx context.Context, p *pool, payload []byte, why abandoned) error {
	if s.config.DeadLetters == nil {
		return errors.New("there are no queues")
	}
	url, found := s.config.DeadLetters.URL(p.function.DeadLetterARN)
	if !found {
		return fmt.Errorf("there is no queue %s", p.function.DeadLetterARN)
	}
	attributes := map[string]queue.MessageAttribute{
		"RequestID": {DataType: "String", StringValue: &why.requestID},
		"ErrorCode": {DataType: "Number", StringValue: new(strconv.Itoa(why.status))},
	}
	if why.message != "" {
		attributes["ErrorMessage"] = queue.MessageAttribute{DataType: "String", StringValue: &why.message}
	}
	_, err := s.config.DeadLetters.SendMessage(p.asRole(ctx), &queue.SendMessageInput{
		QueueUrl: url, MessageBody: string(payload), MessageAttributes: attributes,
	})
	return err
}

// asRole makes calls to other services those of the function's role.
func (p *pool) asRole(ctx context.Context) context.Context {
	return wire.WithCaller(ctx, p.function.Environment["AWS_ACCESS_KEY_ID"])
}
