package dynamo

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mark separates the names that a caller chooses from those of the store, which it
// precedes: no subject has it, and no attribute of a record begins with it.
const mark = "#"

// itemKey returns the key of an adjusted item, which is the key of no record. A name such
// as stock#123 is a key as it is.
func itemKey(item string) string {
	if strings.Index(item, mark) > 0 {
		return item
	}
	return mark + item
}

// itemOf returns the name of an adjusted item by its key.
func itemOf(key string) string { return strings.TrimPrefix(key, mark) }

// counterAttribute returns the attribute of a counter, which is an attribute of no
// record: DynamoDB would delete an item by a counter named expires_at.
func (v Vocabulary) counterAttribute(counter string) string {
	if strings.HasPrefix(counter, mark) || slices.Contains(attributes(), counter) || slices.Contains(v.reserved(), counter) {
		return mark + counter
	}
	return counter
}

// countersOf returns the counters of an adjusted item.
func (v Vocabulary) countersOf(item map[string]types.AttributeValue) (map[string]int64, error) {
	counters := make(map[string]int64)
	for attribute := range item {
		if v.isKey(attribute) {
			continue
		}
		amount, err := readNumber(item, attribute)
		if err != nil {
			return nil, err
		}
		counters[strings.TrimPrefix(attribute, mark)] = amount
	}
	return counters, nil
}
