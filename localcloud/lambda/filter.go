package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/unsupported"
)

// maximumFilters is AWS's default quota of the filters of a mapping.
const maximumFilters = 5

// filters are event patterns for the records of a queue. A record passes if it matches
// one of them, or if there are none.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
type filters []*pattern.Pattern

func parseFilters(texts []string) (filters, error) {
	if len(texts) > maximumFilters {
		return nil, fmt.Errorf("there are %d filters, more than %d", len(texts), maximumFilters)
	}
	var parsed filters
	for _, text := range texts {
		one, err := pattern.Parse([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("the filter %s: %w", text, err)
		}
		var keys map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &keys); err != nil {
			return nil, fmt.Errorf("the filter %s: %w", text, err)
		}
		if len(keys) != 1 || keys["body"] == nil {
			return nil, unsupported.Errorf("the filter %s is not supported by the local cloud: a queue's messages are filtered by the key body alone", text)
		}
		parsed = append(parsed, one)
	}
	return parsed, nil
}

// pass reports whether a message with this body passes. A body that is a JSON object is
// matched as one, and any other as a text: so it never matches a pattern of the other
// kind.
func (f filters) pass(body string) (bool, error) {
	if len(f) == 0 {
		return true, nil
	}
	var record any = map[string]string{"body": body}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &object) == nil && object != nil {
		record = map[string]any{"body": object}
	}
	text, err := json.Marshal(record)
	if err != nil {
		return false, err
	}
	event, err := pattern.Prepare(text)
	return err == nil && slices.ContainsFunc(f, func(one *pattern.Pattern) bool { return one.Match(event) }), err
}

// split returns the messages that pass, and the others.
func (f filters) split(messages []sqs.Message) (passed, others []sqs.Message, err error) {
	for _, message := range messages {
		switch passes, problem := f.pass(message.Body); {
		case problem != nil:
			err = errors.Join(err, problem)
		case passes:
			passed = append(passed, message)
		default:
			others = append(others, message)
		}
	}
	return passed, others, err
}
