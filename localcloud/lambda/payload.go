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

// events cuts a batch into events that are no larger than an invocation allows.
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

// encode leaves <, > and & as they are: escaped they would grow sixfold.
func encode(r record) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(r)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
