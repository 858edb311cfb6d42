package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"example.com/saga/localcloud/sqs"
)

const (
	eventHead = `{"Records":[`
	eventTail = `]}`
)

// event is the payload of one invocation and the messages in it.
type event struct {
	payload  []byte
	messages []sqs.Message
}

// record is a message in the event for a function.
type record struct {
	MessageID              string                     `json:"messageId"`
	ReceiptHandle          string                     `json:"receiptHandle"`
	Body                   string                     `json:"body"`
	Attributes             map[string]string          `json:"attributes"`
	MessageAttributes      map[string]recordAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes string                     `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                     `json:"md5OfBody"`
	EventSource            string                     `json:"eventSource"`
	EventSourceARN         string                     `json:"eventSourceARN"`
	AWSRegion              string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

func (m *mapping) record(message sqs.Message) record {
	attributes := make(map[string]recordAttribute, len(message.MessageAttributes))
	for name, attribute := range message.MessageAttributes {
		attributes[name] = recordAttribute{
			StringValue: attribute.StringValue, BinaryValue: attribute.BinaryValue,
			StringListValues: []string{}, BinaryListValues: []string{}, DataType: attribute.DataType,
		}
	}
	return record{
		MessageID: message.MessageId, ReceiptHandle: message.ReceiptHandle, Body: message.Body,
		Attributes: message.Attributes, MessageAttributes: attributes,
		MD5OfMessageAttributes: message.MD5OfMessageAttributes, MD5OfBody: message.MD5OfBody,
		EventSource: "aws:sqs", EventSourceARN: m.QueueARN, AWSRegion: m.region,
	}
}

// events splits a batch into events that are no larger than an invocation
// allows.
func (m *mapping) events(batch []sqs.Message) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		var next event
		for _, message := range batch {
			text, err := encode(m.record(message))
			if err != nil {
				yield(event{}, fmt.Errorf("encode message %s: %w", message.MessageId, err))
				return
			}
			full := len(next.payload)+len(text)+len(eventTail)+1 > maximumPayload
			if full && len(next.messages) > 0 {
				if !yield(next.closed(), nil) {
					return
				}
				next = event{}
			}
			next.add(text, message)
		}
		yield(next.closed(), nil)
	}
}

func (e *event) add(record []byte, message sqs.Message) {
	if len(e.messages) == 0 {
		e.payload = []byte(eventHead)
	} else {
		e.payload = append(e.payload, ',')
	}
	e.payload = append(e.payload, record...)
	e.messages = append(e.messages, message)
}

func (e *event) closed() event {
	return event{payload: append(bytes.Clone(e.payload), eventTail...), messages: e.messages}
}

// encode does not escape <, > and &, which would grow sixfold.
func encode(r record) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(r)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
