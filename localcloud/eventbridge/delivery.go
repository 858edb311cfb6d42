package eventbridge

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Deliverer delivers events to one kind of target.
//
// Deliver returns nil once the target has accepted the event. A *DeliveryError
// has whether it is retried; any other error is. Deliver may be called by
// several goroutines and must return when the context ends.
type Deliverer interface {
	Deliver(ctx context.Context, d Delivery) error
}

// Delivery is one event for one target.
type Delivery struct {
	// Rule and Target are ARNs, Role too, if the target has one.
	Rule, Target, Role string
	// Body is the rendered input; without transformation it is the event.
	Body    []byte
	Event   Event
	GroupID string
	HTTP    *HTTPParameters
}

// DeliveryError is why a delivery failed. Code and Message become attributes of
// the dead letter.
type DeliveryError struct {
	Code      string
	Message   string
	Retryable bool
	// RetryAfter is the minimum delay before the retry that the target requires.
	RetryAfter time.Duration
}

// Error returns the code and the message.
func (e *DeliveryError) Error() string { return e.Code + ": " + e.Message }

// The values of the attribute ERROR_CODE in the local cloud.
const (
	CodeConnectionFailure = "CONNECTION_FAILURE"
	CodeErrorFromTarget   = "ERROR_FROM_TARGET"
	CodeInternalError     = "INTERNAL_ERROR"
	CodeInvalidJSON       = "INVALID_JSON"
	CodeInvalidParameter  = "INVALID_PARAMETER"
	CodeNoPermissions     = "NO_PERMISSIONS"
	CodeNoResource        = "NO_RESOURCE"
	CodeThirdHop          = "THIRD_ACCOUNT_HOP_DETECTED"
	CodeThrottling        = "THROTTLING"
	CodeTimeout           = "TIMEOUT"
)

// DeadLetters sends the events that could not be delivered to dead-letter
// queues. The attributes are those of the message, all of them strings. The
// queue's policy must allow the rule in RULE_ARN to send.
type DeadLetters interface {
	SendDeadLetter(ctx context.Context, queueARN string, body []byte, attributes map[string]string) error
}

// arrival is an event at one bus.
type arrival struct {
	event    Event
	envelope []byte
	at       time.Time
}

// prepare returns the delivery of an event to a target. Its errors are permanent.
func (t *target) prepare(a arrival) (Delivery, error) {
	body, err := t.input(a)
	if err != nil {
		return Delivery{}, err
	}
	group, errGroup := t.groupID(a)
	parameters, errHTTP := t.httpParameters(a)
	if err := cmp.Or(errGroup, errHTTP); err != nil {
		return Delivery{}, &DeliveryError{Code: CodeInvalidParameter, Message: err.Error()}
	}
	return Delivery{
		Rule: t.rule.ARN, Target: t.ARN, Role: t.RoleARN,
		Body: body, Event: a.event, GroupID: group, HTTP: parameters,
	}, nil
}

// Accept accepts an event that a rule forwards from another bus. The event
// stays as it is, its id, account and time included. An event can be forwarded
// only once: a second hop is refused, to any bus.
func (s *Service) Accept(ctx context.Context, busARN string, e Event) error {
	if e.forwarded {
		return &DeliveryError{Code: CodeThirdHop, Message: fmt.Sprintf(
			"Event ingestion rejected for event %s because an event can be sent to an event bus target only once. "+
				"This event was previously delivered to an event bus target.", e.ID)}
	}
	e.forwarded = true
	known, err := s.accept(ctx, busARN, e)
	if err != nil {
		return err
	}
	if !known {
		return &DeliveryError{Code: CodeNoResource, Message: "Event bus " + busARN + " does not exist."}
	}
	return nil
}

// forwarder delivers to the buses of the service itself.
type forwarder struct{ to *Service }

func (f forwarder) Deliver(ctx context.Context, d Delivery) error {
	return f.to.Accept(ctx, d.Target, d.Event)
}
