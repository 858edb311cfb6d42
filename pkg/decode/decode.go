// Package decode makes events of messages that are not CloudEvents in structured mode,
// for worker.Config.Decode. Each decoder reads one form:
//
//	CloudEvent     a CloudEvent in structured or in binary mode
//	EventBridge    an event of EventBridge, whose detail is plain JSON
//	JSON           plain JSON
//	InEventBridge  the detail of an event of EventBridge, with another decoder
//	InSNS          a message of an SNS topic in an SQS queue, with another decoder
//
// They compose: InSNS(InEventBridge(CloudEvent)) reads a CloudEvent in an event of
// EventBridge that a rule has sent to a topic. A function of the caller's own is a decoder
// as well.
//
// The profile of package event holds for every event: the worker checks it after decoding,
// and elsewhere event.Check does. So EventBridge and JSON take a function that sets what
// the message has not, such as the subject, the schema and the correlation id. The id must
// be the same whenever the same is delivered again, or its effect is made again. The ids of
// SQS messages are not: a dead letter that is redriven is a new message. What has no id may
// get one of its content, with event.DeriveID.
//
// Decoders make no calls, and need no permission. Streams of DynamoDB and Kinesis are out
// of scope: their records have neither a result of their own nor a delay, and block their
// shard until they are handled. EventBridge Pipes can send them to a queue
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html).
package decode

import (
	"encoding/json"
	"fmt"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/ijson"
)

// Message is what a decoder reads.
type Message struct {
	Body string
	// Attributes are the message attributes. The value of a binary one is its bytes.
	Attributes map[string]string
}

// Decoder makes the event of a message. After any error the worker sends the message to
// the dead-letter queue at once, with the error as the reason.
type Decoder func(m Message) (event.Event, error)

// Complete sets the attributes of an event that its message has not. T has the members
// of the message that they are taken from, and may be any type that package json decodes.
type Complete[T any] func(e event.Event, content T) (event.Event, error)

// JSON decodes any JSON. The event begins with it as Data, and complete sets the rest.
// event.ErrInvalid is returned if the body is not JSON or is no T.
func JSON[T any](complete Complete[T]) Decoder {
	return func(m Message) (event.Event, error) {
		content, err := read[T]("the body", m.Body)
		if err != nil {
			return event.Event{}, err
		}
		return complete(event.Event{Data: json.RawMessage(m.Body)}, content)
	}
}

// read decodes JSON that every reader reads the same.
func read[T any](what, text string) (T, error) {
	var value T
	err := ijson.Check([]byte(text))
	if err == nil {
		err = json.Unmarshal([]byte(text), &value)
	}
	if err != nil {
		return value, fmt.Errorf("%w: %s: %w", event.ErrInvalid, what, err)
	}
	return value, nil
}
