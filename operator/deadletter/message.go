// Package deadletter reads dead-letter queues.
package deadletter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/sqsbody"
)

// Message is a message in a dead-letter queue.
type Message struct {
	ID string
	// Body is the message's own, as it was before it was escaped for SQS.
	Body string
	// Undecoded is why Body is still escaped or Attributes are still packed, if they are.
	Undecoded error
	// Attributes are the message attributes, among them the reason if AWS or a
	// worker has added it.
	Attributes map[string]types.MessageAttributeValue
	// Group is the FIFO message group, if there is one.
	Group string
	// Trace is the X-Ray header that travels with the message.
	Trace string
	// From is the ARN of the queue that moved the message here, if a queue did.
	From string
	Sent time.Time

	receipt *string
}

// Attributes of the dead letters that EventBridge sends for events that a rule could
// not deliver. Those of a worker have the first two as well.
const (
	ErrorCode    = "ERROR_CODE"
	ErrorMessage = "ERROR_MESSAGE"
	RuleARN      = "RULE_ARN"
	TargetARN    = "TARGET_ARN"
	// ScheduleARN is in the dead letters of EventBridge Scheduler.
	ScheduleARN = "SCHEDULE_ARN"
)

// Attributes of the dead letters that Lambda sends for an asynchronous invocation.
const (
	requestID       = "RequestID"
	functionCode    = "ErrorCode"
	functionMessage = "ErrorMessage"
)

func read(received types.Message) (Message, error) {
	system := func(name types.MessageSystemAttributeName) string { return received.Attributes[string(name)] }
	sent, err := strconv.ParseInt(system(types.MessageSystemAttributeNameSentTimestamp), 10, 64)
	if err != nil {
		return Message{}, fmt.Errorf("when dead letter %s was sent: %w", aws.ToString(received.MessageId), err)
	}
	body := aws.ToString(received.Body)
	attributes, undecoded := unpack(received.MessageAttributes)
	if undecoded == nil {
		var decoded string
		if decoded, undecoded = sqsbody.Decode(body, aws.ToString(attributes[sqsbody.Attribute].StringValue)); undecoded == nil {
			body = decoded
		}
	}
	return Message{
		ID:         aws.ToString(received.MessageId),
		Body:       body,
		Undecoded:  undecoded,
		Attributes: attributes,
		Group:      system(types.MessageSystemAttributeNameMessageGroupId),
		Trace:      system(types.MessageSystemAttributeNameAWSTraceHeader),
		From:       system(types.MessageSystemAttributeNameDeadLetterQueueSourceArn),
		Sent:       time.UnixMilli(sent).UTC(),
		receipt:    received.ReceiptHandle,
	}, nil
}

// unpack returns the attributes of a dead letter with those of the message that it was,
// which may be packed into one.
func unpack(received map[string]types.MessageAttributeValue) (map[string]types.MessageAttributeValue, error) {
	packed, isPacked := received[sqsbody.PackedAttributes]
	if !isPacked {
		return received, nil
	}
	unpacked := make(map[string]types.MessageAttributeValue)
	if err := json.Unmarshal([]byte(aws.ToString(packed.StringValue)), &unpacked); err != nil {
		return received, fmt.Errorf("the attribute %s cannot be read: %w", sqsbody.PackedAttributes, err)
	}
	for name, attribute := range received {
		if name != sqsbody.PackedAttributes {
			unpacked[name] = attribute
		}
	}
	return unpacked, nil
}

// OfRule returns the dead letter that EventBridge would send for an event, whole in
// its envelope, that a rule could not deliver to a target.
func OfRule(id, event, ruleARN, targetARN string) Message {
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	return Message{ID: id, Body: event, Attributes: map[string]types.MessageAttributeValue{
		RuleARN: text(ruleARN), TargetARN: text(targetARN),
	}}
}

// Attribute returns the text of a message attribute, or "".
func (m Message) Attribute(name string) string {
	return aws.ToString(m.Attributes[name].StringValue)
}

// Reason returns why the message is a dead letter. Sources are the queues that have a
// dead-letter queue.
func (m Message) Reason(sources Sources) string {
	switch {
	case m.Attribute(RuleARN) != "":
		return fmt.Sprintf("%s: %s (rule %s, target %s)", m.Attribute(ErrorCode), m.Attribute(ErrorMessage),
			m.Attribute(RuleARN), m.Attribute(TargetARN))
	case m.Attribute(ErrorCode) != "":
		return m.Attribute(ErrorCode) + ": " + m.Attribute(ErrorMessage)
	case m.Attribute(requestID) != "":
		return fmt.Sprintf("the function failed: %s (%s)", m.Attribute(functionMessage), m.Attribute(functionCode))
	case m.From != "":
		for _, source := range sources {
			if source.ARN == m.From {
				return fmt.Sprintf("failed %d times in %s", source.MaximumReceives, source.Name)
			}
		}
		return "failed too often in " + m.From
	}
	return "unknown reason"
}

// Attempts returns how often the message was received before a queue moved it here, or 0
// if that is unknown.
func (m Message) Attempts(sources Sources) int {
	for _, source := range sources {
		if source.ARN == m.From && m.FailedTooOften() {
			return source.MaximumReceives
		}
	}
	return 0
}

// FailedTooOften reports whether a queue moved the message here. Then the message has no
// reason of its own: the error is in the log of the function.
func (m Message) FailedTooOften() bool {
	return m.From != "" && m.Attribute(RuleARN) == "" && m.Attribute(ErrorCode) == "" && m.Attribute(requestID) == ""
}

// Content identifies the event in a dead letter. If it is not an event, all fields
// are empty.
type Content struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Order string `json:"order"`
}

// Content reads the event in the dead letter, alone or in the envelope of
// EventBridge, even if it is not valid.
func (m Message) Content() Content {
	type cloudEvent struct {
		Type    string `json:"type"`
		ID      string `json:"id"`
		Subject string `json:"subject"`
	}
	var either struct {
		cloudEvent

		DetailType string     `json:"detail-type"`
		Detail     cloudEvent `json:"detail"`
	}
	if err := json.Unmarshal([]byte(m.Body), &either); err != nil {
		return Content{}
	}
	if either.DetailType != "" {
		return Content{cmp.Or(either.Detail.Type, either.DetailType), either.Detail.ID, either.Detail.Subject}
	}
	return Content{either.Type, either.ID, either.Subject}
}
