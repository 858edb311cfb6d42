package sandbox

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Entries reads the ledger out of items of its table, by their keys, and gives
// the entries by their references. Items of another kind are an error.
func Entries(items map[string]map[string]types.AttributeValue) (map[string]Entry, error) {
	entries := make(map[string]Entry)
	for pk, item := range items {
		reference, isCharge := strings.CutPrefix(pk, key(""))
		if !isCharge {
			return nil, fmt.Errorf("%s is no entry of the ledger", pk)
		}
		entry, err := decode(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pk, err)
		}
		entries[reference] = entry
	}
	return entries, nil
}
