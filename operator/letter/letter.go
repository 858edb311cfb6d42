// Package letter looks into dead-letter queues.
package letter

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

// Letter is a message in a dead-letter queue.
type Letter struct {
	ID string
	// Body is the message's own, as it was before it was escaped for SQS.
	Body string
	// Undecoded is why Body is still escaped, if it is.
	Undecoded error
	// Attributes are the message attributes, in which who wrote the letter says
	// why.
	Attributes map[string]types.MessageAttributeValue
	// Group is the FIFO message group, if there is one.
	Group string
	// Trace is the X-Ray header that travels with the message.
	Trace string
	// From is the ARN of the queue that gave the message up, if a queue did.
	From string
	Sent time.Time

	receipt *string
}

// Attributes of the letters that EventBridge writes for what a rule could not
// deliver. The worker writes the first two as well.
const (
	ErrorCode    = "ERROR_CODE"
	ErrorMessage = "ERROR_MESSAGE"
	RuleARN      = "RULE_ARN"
	TargetARN    = "TARGET_ARN"
	// ScheduleARN is in the letters of EventBridge Scheduler.
	ScheduleARN = "SCHEDULE_ARN"
	retries     = "RETRY_ATTEMPTS"
	exhausted   = "EXHAUSTED_RETRY_CONDITION"
)

// Attributes of the letters that Lambda writes for an asynchronous invocation.
const (
	requestID       = "RequestID"
	functionCode    = "ErrorCode"
	functionMessage = "ErrorMessage"
)

// ReasonAttributes lists the attributes that say why a letter is one and how its
// body is escaped: they are about the letter and not about what is in it.
func ReasonAttributes() []string {
	return []string{
		ErrorCode, ErrorMessage, RuleARN, TargetARN, retries, exhausted,
		requestID, functionCode, functionMessage, sqsbody.Attribute,
	}
}

func read(message types.Message) (Letter, error) {
	system := func(name types.MessageSystemAttributeName) string { return message.Attributes[string(name)] }
	sent, err := strconv.ParseInt(system(types.MessageSystemAttributeNameSentTimestamp), 10, 64)
	if err != nil {
		return Letter{}, fmt.Errorf("when letter %s was sent: %w", aws.ToString(message.MessageId), err)
	}
	body := aws.ToString(message.Body)
	decoded, undecoded := sqsbody.Decode(body, aws.ToString(message.MessageAttributes[sqsbody.Attribute].StringValue))
	if undecoded == nil {
		body = decoded
	}
	return Letter{
		ID:         aws.ToString(message.MessageId),
		Body:       body,
		Undecoded:  undecoded,
		Attributes: message.MessageAttributes,
		Group:      system(types.MessageSystemAttributeNameMessageGroupId),
		Trace:      system(types.MessageSystemAttributeNameAWSTraceHeader),
		From:       system(types.MessageSystemAttributeNameDeadLetterQueueSourceArn),
		Sent:       time.UnixMilli(sent).UTC(),
		receipt:    message.ReceiptHandle,
	}, nil
}

// OfRule makes the letter that a rule writes about an event, whole in its
// envelope, that it cannot deliver to a target.
func OfRule(id, event, ruleARN, targetARN string) Letter {
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	return Letter{ID: id, Body: event, Attributes: map[string]types.MessageAttributeValue{
		RuleARN: text(ruleARN), TargetARN: text(targetARN),
	}}
}

// Attribute gives the text of a message attribute, or "".
func (l Letter) Attribute(name string) string {
	return aws.ToString(l.Attributes[name].StringValue)
}

// Reason tells why the letter is here. Sources are the queues that have a
// dead-letter queue.
func (l Letter) Reason(sources Sources) string {
	switch {
	case l.Attribute(RuleARN) != "":
		return fmt.Sprintf("%s: %s (rule %s, target %s)", l.Attribute(ErrorCode), l.Attribute(ErrorMessage),
			l.Attribute(RuleARN), l.Attribute(TargetARN))
	case l.Attribute(ErrorCode) != "":
		return l.Attribute(ErrorCode) + ": " + l.Attribute(ErrorMessage)
	case l.Attribute(requestID) != "":
		return fmt.Sprintf("the function failed: %s (%s)", l.Attribute(functionMessage), l.Attribute(functionCode))
	case l.From != "":
		for _, source := range sources {
			if source.ARN == l.From {
				return fmt.Sprintf("failed %d times in %s", source.MaximumReceives, source.Name)
			}
		}
		return "failed too often in " + l.From
	}
	return "nobody says why"
}

// Content is what a person wants to know of what a letter is about. What is not
// an event has none of it.
type Content struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Order string `json:"order"`
}

// Content reads the event in the letter, whether it is alone or in the envelope
// of EventBridge, and whether it is valid or not.
func (l Letter) Content() Content {
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
	if err := json.Unmarshal([]byte(l.Body), &either); err != nil {
		return Content{}
	}
	if either.DetailType != "" {
		return Content{cmp.Or(either.Detail.Type, either.DetailType), either.Detail.ID, either.Detail.Subject}
	}
	return Content{either.Type, either.ID, either.Subject}
}
