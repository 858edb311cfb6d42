package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// process invokes the function with a batch, in several invocations if it is too
// large for one, and deletes the messages that succeeded. The others stay hidden
// until their visibility timeout.
func (m *mapping) process(ctx context.Context, batch []sqs.Message, visible time.Time) error {
	var problems []error
	for events, err := range m.events(batch) {
		if err != nil {
			return err
		}
		failed, err := m.invoke(ctx, events, visible)
		problems = append(problems, err)
		if failed && m.fifo {
			// What follows may be of the same group and must not be handled first.
			break
		}
	}
	return errors.Join(problems...)
}

// invoke invokes the function with an event, and reports whether any message of
// it has failed.
func (m *mapping) invoke(ctx context.Context, event event, visible time.Time) (failed bool, err error) {
	inv := m.target.newInvocation(ctx, event.payload)
	inv.isLastAttempt = slices.ContainsFunc(event.messages, isNearRedrive)
	result, err := m.invokeInSlot(ctx, inv, visible)
	if err != nil {
		return true, err
	}
	ids, reason := m.failures(result, event.messages)
	var left, done []sqs.Message
	for _, message := range event.messages {
		if ids[message.MessageId] {
			left = append(left, message)
		} else {
			done = append(done, message)
		}
	}
	m.count(len(event.messages), len(left))
	if len(left) == 0 || ctx.Err() == nil {
		m.report(inv.id, event.messages, ids, reason)
	}
	if within := m.target.config.RedeliverAfter; within > 0 {
		for _, message := range left {
			m.target.config.RedeliverSoon(m.url, message.ReceiptHandle, within)
		}
	}
	return len(left) > 0, m.delete(ctx, done)
}

// report reports an attempt at messages, of which some may have failed.
func (m *mapping) report(request string, messages []sqs.Message, failed map[string]bool, reason string) {
	attempt := activity.Attempt{Function: m.target.ARN, Request: request, Queue: m.QueueARN, Attempts: m.receives}
	for _, message := range messages {
		part := activity.Part{
			Message: message.MessageId, Event: loss.Identify([]byte(message.Body)), Attempt: receives(message), Failed: failed[message.MessageId],
		}
		if part.Failed {
			attempt.Reason = reason
		}
		attempt.Parts = append(attempt.Parts, part)
	}
	m.target.config.Attempted(attempt)
}

// receives is how often a message has been received.
func receives(message sqs.Message) int {
	count, _ := strconv.Atoi(message.Attributes["ApproximateReceiveCount"]) // SQS sets it to a number.
	return count
}

// maximumReceivesWithFaults is after how many receives a message is exempt from
// faults: fewer than the maxReceiveCount of any sensible queue.
const maximumReceivesWithFaults = 2

// isNearRedrive reports whether a message has been received so often that one
// more failure may move it to the dead-letter queue.
func isNearRedrive(message sqs.Message) bool {
	return receives(message) > maximumReceivesWithFaults
}

// invokeInSlot waits for a slot as long as the messages are hidden. A batch
// that waits for longer is dropped: its messages are received again, and must
// not be handled twice at once.
func (m *mapping) invokeInSlot(ctx context.Context, inv *invocation, visible time.Time) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, visible.Sub(m.target.config.Clock()))
	defer cancel()
	if err := m.target.reserve(ctx); err != nil {
		return Result{}, fmt.Errorf("the function %s is throttled: %w", m.target.Name, err)
	}
	defer m.target.release()
	return m.target.invoke(ctx, inv), nil
}

// failures returns the ids of the messages that must not be deleted, and why. A
// response that is malformed, or names a message that is not in the batch, fails all
// of them.
func (m *mapping) failures(result Result, messages []sqs.Message) (failed map[string]bool, reason string) {
	all := make(map[string]bool, len(messages))
	for _, message := range messages {
		all[message.MessageId] = true
	}
	if result.FunctionError != "" {
		return all, result.reason()
	}
	if !m.ReportBatchItemFailures {
		return nil, ""
	}
	failed, ok := parseFailures(result.Payload)
	if !ok {
		return all, "the batch response is malformed: " + errorMessage(result.Payload)
	}
	for id := range failed {
		if !all[id] {
			return all, "the batch response names the message " + id + ", which is not in the batch"
		}
	}
	return failed, "it is among the batchItemFailures of the response"
}

// parseFailures parses a partial batch response. Its keys are case-sensitive.
// An absent answer, an empty one, and a null or empty list mean full success.
func parseFailures(payload []byte) (failed map[string]bool, ok bool) {
	var answer map[string]json.RawMessage
	if len(payload) > 0 && json.Unmarshal(payload, &answer) != nil {
		return nil, false
	}
	var items []map[string]any
	if list := answer["batchItemFailures"]; list != nil && json.Unmarshal(list, &items) != nil {
		return nil, false
	}
	failed = make(map[string]bool, len(items))
	for _, item := range items {
		id, _ := item["itemIdentifier"].(string)
		if id == "" {
			return nil, false
		}
		failed[id] = true
	}
	return failed, true
}

func (m *mapping) delete(ctx context.Context, messages []sqs.Message) error {
	var problems []error
	for chunk := range slices.Chunk(messages, 10) {
		entries := make([]sqs.DeleteMessageBatchRequestEntry, len(chunk))
		for i, message := range chunk {
			entries[i] = sqs.DeleteMessageBatchRequestEntry{Id: strconv.Itoa(i), ReceiptHandle: message.ReceiptHandle}
		}
		out, err := m.queues.DeleteMessageBatch(m.target.asRole(ctx), &sqs.DeleteMessageBatchInput{QueueUrl: m.url, Entries: entries})
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, failure := range out.Failed {
			problems = append(problems, fmt.Errorf("delete a handled message: %s: %s", failure.Code, failure.Message))
		}
	}
	return errors.Join(problems...)
}

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
			text, err := wire.EncodeJSON(m.record(message))
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
