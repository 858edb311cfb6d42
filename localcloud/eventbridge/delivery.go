package eventbridge

import (
	"context"
	"time"
)

// Deliverer hands events to one kind of target.
//
// Deliver returns nil once the target has taken the event. It returns a
// *DeliveryError to say whether to try again; any other error is tried again.
// It may be called by several goroutines and must end when the context does.
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

// DeliveryError is why a delivery failed, in the words of the dead-letter
// message's attributes.
type DeliveryError struct {
	Code      string
	Message   string
	Retryable bool
	// RetryAfter is how long the target asks to be left alone, at least.
	RetryAfter time.Duration
}

// Error gives the code and the message.
func (e *DeliveryError) Error() string { return e.Code + ": " + e.Message }

// The values of the attribute ERROR_CODE that the local cloud gives.
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

// DeadLetters takes the events that could not be delivered. The attributes are
// the message's attributes, all of them strings; RULE_ARN among them is whom the
// queue's policy has to allow to send.
type DeadLetters interface {
	SendDeadLetter(ctx context.Context, queueARN string, body []byte, attributes map[string]string) error
}

// arrival is an event at one bus.
type arrival struct {
	event    Event
	envelope []byte
	at       time.Time
}

// prepare makes the delivery of an event to a target. Its errors cannot be
// mended by trying again.
func (t *target) prepare(a arrival) (Delivery, error) {
	body, err := t.body(a)
	if err != nil {
		return Delivery{}, err
	}
	group, err := t.groupID(a)
	if err != nil {
		return Delivery{}, &DeliveryError{Code: CodeInvalidParameter, Message: err.Error()}
	}
	parameters, err := t.httpParameters(a)
	if err != nil {
		return Delivery{}, &DeliveryError{Code: CodeInvalidParameter, Message: err.Error()}
	}
	return Delivery{
		Rule: t.rule.ARN, Target: t.ARN, Role: t.RoleARN,
		Body: body, Event: a.event, GroupID: group, HTTP: parameters,
	}, nil
}
