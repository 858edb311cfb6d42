package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// The limits of DynamoDB, in bytes where it is a size.
const (
	maximumItem    = 400 * 1024
	maximumKey     = 2048
	maximumActions = 100
)

// Check implements participant.Checker: it returns event.ErrInvalid for a commit that
// DynamoDB would always reject, and makes no call.
func (s *Store) Check(record participant.Record, adjustments []participant.Adjustment) error {
	_, err := s.encodeChecked(record, adjustments)
	return err
}

// encodeChecked returns the item of a record. An error is returned if DynamoDB would
// reject the item or the adjustments.
func (s *Store) encodeChecked(record participant.Record, adjustments []participant.Adjustment) (map[string]types.AttributeValue, error) {
	if err := checkKey(record.Subject); err != nil {
		return nil, err
	}
	if record.Entry != (participant.Entry{}) {
		if err := checkKey(record.Entry.Account); err != nil {
			return nil, err
		}
	}
	for _, adjustment := range adjustments {
		if err := checkKey(adjustment.Item); err != nil {
			return nil, err
		}
	}
	if actions := 1 + len(adjustments); actions > maximumActions {
		return nil, fmt.Errorf("%w: %s would be committed with %d actions in a transaction, %d are allowed",
			event.ErrInvalid, record.Subject, actions, maximumActions)
	}
	next, err := s.vocabulary.Item(record)
	if err != nil {
		return nil, err
	}
	if size := sizeOf(next); size > maximumItem {
		return nil, fmt.Errorf("%w: the record of %s would have %d bytes, %d are allowed",
			event.ErrInvalid, record.Subject, size, maximumItem)
	}
	return next, nil
}

func checkKey(key string) error {
	if key == "" || len(key) > maximumKey {
		return fmt.Errorf("%w: a key has %d bytes, allowed are 1 to %d", event.ErrInvalid, len(key), maximumKey)
	}
	return nil
}

// sizeOf returns the size of an item by DynamoDB's rules: names, texts in UTF-8, bytes
// and numbers. A number has at most 21 bytes.
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)
func sizeOf(attributes map[string]types.AttributeValue) int {
	size := 0
	for name, value := range attributes {
		size += len(name) + sizeOfValue(value)
	}
	return size
}

func sizeOfValue(value types.AttributeValue) int {
	const number = 21
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return len(value.Value)
	case *types.AttributeValueMemberB:
		return len(value.Value)
	default:
		return number
	}
}
