// Package loss is how the engines of the local cloud report that something is
// lost for good: no delivery, no retry and no dead-letter queue has it any more.
package loss

import (
	"cmp"
	"encoding/json"
	"time"
)

// Kind is the kind of resource that had it last.
type Kind string

// The kinds of resources that lose something.
const (
	// Bus is an event that was published to a bus that does not exist.
	Bus Kind = "bus"
	// Rule is an event that neither the target nor its dead-letter queue took.
	Rule Kind = "rule"
	// Schedule is an invocation that neither the target nor the schedule's
	// dead-letter queue took.
	Schedule Kind = "schedule"
	// Function is an asynchronous invocation that failed for good, and that the
	// function's dead-letter queue did not take.
	Function Kind = "function"
	// Queue is a message that was never deleted within its retention.
	Queue Kind = "queue"
)

// Loss is one thing that is lost.
type Loss struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Name is which resource of the kind it was, and Target where the thing was
	// to go, if there is such a place: ARNs in the engines, construct paths in
	// what is shown.
	Name   string `json:"name"`
	Target string `json:"target,omitempty"`

	Event

	// Reason is why nothing took it.
	Reason string `json:"reason"`
}

// Event is what identifies the event that is lost. Its members are empty if it
// is none, and Subject if it is no CloudEvent that has one.
type Event struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
	Subject string `json:"subject,omitempty"`
}

// Report takes losses. It must return quickly, and must not call the engine that
// reports. A nil Report takes none.
type Report func(Loss)

// Lost reports a loss.
func (r Report) Lost(l Loss) {
	if r != nil {
		r(l)
	}
}

// Identify reads an event in EventBridge's envelope, or a CloudEvent. The subject is
// that of the CloudEvent, or of the one in the envelope.
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
