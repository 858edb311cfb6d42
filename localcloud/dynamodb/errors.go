package dynamodb

import (
	"fmt"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// constraint returns the form of every error about a request member that breaks
// the service's model. Value is as DynamoDB shows it: null, or in quotes.
func constraint(value, member, rule string) error {
	return wire.ValidationError("1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// between checks the length of a member, or how many elements it has.
func between(member, value string, length, most int) error {
	switch {
	case length < 1:
		return constraint("'"+value+"'", member, "Member must have length greater than or equal to 1")
	case length > most:
		return constraint("'"+value+"'", member, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
	return nil
}

func required(member string) error {
	return constraint("null", member, "Member must not be null")
}

// oneOf checks a member that may be absent or one of the given words.
func oneOf(member, value string, words ...string) error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	return constraint("'"+value+"'", member, "Member must satisfy enum value set: ["+strings.Join(words, ", ")+"]")
}

func tableNotFound() error {
	return wire.Errorf("ResourceNotFoundException", "Requested resource not found")
}

// conditionalCheckFailed is the refusal of a write whose condition does not hold.
func (w *write) conditionalCheckFailed(old attribute.Item) *refusal {
	const message = "The conditional request failed"
	failure := wire.Errorf("ConditionalCheckFailedException", message)
	reason := CancellationReason{Code: conditionalCheckFailed, Message: message}
	if old != nil && w.oldOnFailure {
		failure.Members, reason.Item = map[string]any{"Item": old}, old
	}
	return &refusal{reason, failure}
}

const conditionalCheckFailed = "ConditionalCheckFailed"
