// Package loss is how the engines of the local cloud report what goes wrong: an
// attempt that has failed, a dead letter, and an event that is lost for ever,
// because no delivery, no retry and no dead-letter queue has it any more.
package loss

import (
	"cmp"
	"encoding/json"
	"time"
)

// Kind is the kind of resource that lost it.
type Kind string

// The kinds of losses, after the resource that loses.
const (
	Bus      Kind = "bus"      // An event that was published to a bus that does not exist.
	Rule     Kind = "rule"     // An event that neither the target nor its dead-letter queue accepted.
	Schedule Kind = "schedule" // An invocation that neither the target nor the schedule's dead-letter queue accepted.
	Function Kind = "function" // An asynchronous invocation whose last attempt failed, and that no dead-letter queue accepted.
	Queue    Kind = "queue"    // A message that was never deleted within its retention.
)

// Loss is one lost event, invocation or message.
type Loss struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Name is the resource that lost it, and Target where it was to be delivered,
	// if anywhere. The engines report ARNs; what is shown are construct paths.
	Name   string `json:"name"`
	Target string `json:"target,omitempty"`

	Event

	// Reason is why nothing accepted it.
	Reason string `json:"reason"`
}

// Event identifies the lost event. Its members are empty if what is lost is not an event.
type Event struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
	Subject string `json:"subject,omitempty"`
}

// Report is called for losses. It must return quickly, and must not call the
// engine that reports. Nil ignores them.
type Report func(Loss)

// Lost reports a loss.
func (r Report) Lost(l Loss) {
	if r != nil {
		r(l)
	}
}

// Identify returns what identifies an event in EventBridge's envelope, or a CloudEvent.
// The subject is that of the CloudEvent, also of one in an envelope.
func Identify(payload []byte) Event {
	var read struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		DetailType string `json:"detail-type"`
		Subject    string `json:"subject"`
		Detail     struct {
			Subject string `json:"subject"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(payload, &read); err != nil {
		return Event{}
	}
	return Event{
		ID: read.ID, Type: cmp.Or(read.DetailType, read.Type), Subject: cmp.Or(read.Detail.Subject, read.Subject),
	}
}
