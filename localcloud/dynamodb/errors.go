package dynamodb

import (
	"maps"
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

const conditionFailed = "The conditional request failed"

func conditionalCheckFailed(old attribute.Item) error {
	failure := wire.Errorf("ConditionalCheckFailedException", conditionFailed)
	if old != nil {
		failure.Members = map[string]any{"Item": maps.Clone(old)}
	}
	return failure
}
