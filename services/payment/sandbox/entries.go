package sandbox

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Entries decodes the items of a ledger's table, by key, and returns the entries by
// reference. An error is returned for an item of another kind.
func Entries(items map[string]map[string]types.AttributeValue) (map[string]Entry, error) {
	entries := make(map[string]Entry)
	for pk, item := range items {
		reference, isCharge := strings.CutPrefix(pk, key(""))
		if !isCharge {
			return nil, fmt.Errorf("%s is not an entry of the ledger", pk)
		}
		entry, err := decode(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pk, err)
		}
		entries[reference] = entry
	}
	return entries, nil
}
