package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/events"
)

// The kinds of payload that have their own advice.
const (
	cloudEvent = "a CloudEvent"
	sqsBatch   = "a batch of SQS messages"
	busEvent   = "an EventBridge event in its envelope"
)

const sqsSource = "aws:sqs"

// readBatch returns the messages of a batch. An error names the kind of payload that
// came instead, and what is most likely wrong in the wiring.
func readBatch(payload []byte) ([]events.SQSMessage, error) {
	var batch events.SQSEvent
	err := json.Unmarshal(payload, &batch)
	if err == nil {
		err = checkRecords(batch.Records)
	}
	if err == nil {
		return batch.Records, nil
	}
	advice := "the event source mapping of a queue must invoke the function"
	found, _ := identify(payload)
	switch found {
	case cloudEvent, busEvent:
		advice = "the target of the rule must be the function's queue, or Direct must handle its events"
	case sqsBatch:
		advice = "SQS sends no such messages"
	}
	return nil, fmt.Errorf("the payload is %s, and not a batch that Batch can handle: %w: %s", found, err, advice)
}

func checkRecords(records []events.SQSMessage) error {
	if len(records) == 0 {
		return errors.New("it has no Records")
	}
	for i, record := range records {
		if record.EventSource != sqsSource {
			return fmt.Errorf("record %d has the eventSource %q, and not %s", i, record.EventSource, sqsSource)
		}
		if record.MessageId == "" {
			return fmt.Errorf("record %d has no messageId", i)
		}
	}
	return nil
}

// checkEvent returns an error if the payload is of another known kind than an event.
// An object of unknown kind is no error: it is treated as an invalid event. The
// error names the kind, and what is most likely wrong in the wiring. Decoded is whether a
// decoder reads the payload, which may be in the envelope of EventBridge then.
func checkEvent(payload []byte, decoded bool) error {
	found, isOther := identify(payload)
	if !isOther || (decoded && found == busEvent) {
		return nil
	}
	advice := "a rule must invoke the function, with the InputPath $.detail"
	switch found {
	case busEvent:
		advice = "the target's InputPath must be $.detail"
	case sqsBatch:
		advice = "behind a queue, Batch must handle them"
	}
	return fmt.Errorf("the payload is %s, and not a CloudEvent that Direct can handle: %s", found, advice)
}

// identify returns the kind of a payload, and whether it is certainly not an event.
// An object with a specversion is a CloudEvent, valid or not.
func identify(payload []byte) (found string, isOther bool) {
	var members map[string]json.RawMessage
	if _ = json.Unmarshal(payload, &members); members == nil { // It stays nil for what is no object.
		return describeValue(payload), true
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return members[name] == nil })
	}
	source := eventSource(members)
	switch {
	case has("specversion"):
		return cloudEvent, false
	case source == sqsSource:
		return sqsBatch, true
	case source != "":
		return "an event of " + source, true
	case has("detail-type", "detail"):
		return busEvent, true
	case has("requestPayload"):
		return "the result of another function", true
	case has("requestContext"), has("httpMethod"):
		return "an HTTP request", true
	case has("awslogs"):
		return "a batch of CloudWatch Logs", true
	case has("deliveryStreamArn"):
		return "a batch of Amazon Data Firehose", true
	}
	names := slices.Sorted(maps.Keys(members))
	return fmt.Sprintf("an object with the members %.40q", names[:min(len(names), 5)]), false
}

// eventSource returns the eventSource of a payload, such as aws:s3: that of the
// first record with one, or else its own. SNS spells it EventSource, which
// encoding/json reads as well. What has another type than it should stays empty.
func eventSource(members map[string]json.RawMessage) string {
	var records []struct {
		EventSource string `json:"eventSource"`
	}
	_ = json.Unmarshal(members["Records"], &records)
	for _, record := range records {
		if record.EventSource != "" {
			return record.EventSource
		}
	}
	var source string
	_ = json.Unmarshal(members["eventSource"], &source)
	return source
}

// describeValue returns the kind of a payload that is not a JSON object.
func describeValue(payload []byte) string {
	payload = bytes.TrimSpace(payload)
	switch {
	case !json.Valid(payload):
		return "not JSON"
	case payload[0] == '[':
		return "an array"
	case payload[0] == '"':
		return "a string"
	}
	return fmt.Sprintf("the value %.40s", payload)
}
