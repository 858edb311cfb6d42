package dynamo_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// The key of an adjusted item and the names of its counters are part of the stored form.
func TestAnAdjustedItemHasTheKeyOfNoRecordAndNoAttributeOfOne(t *testing.T) {
	attributes := map[string]string{"on_hand": "on_hand", "#due": "##due"}
	for _, used := range []string{
		"pk", "version", "record", "expires_at", "open", "due", "account", "amount", "until", "state", "handled", "erased",
	} {
		attributes[used] = "#" + used
	}
	for item, key := range map[string]string{"stock#123": "stock#123", "o-1": "#o-1", "#o-1": "##o-1", "#": "##"} {
		for counter, attribute := range attributes {
			l := newLedger()
			store := dynamo.NewStore(l, table, dynamo.Vocabulary{})
			err := store.Commit(t.Context(), record(), []participant.Adjustment{{Item: item, Add: map[string]int64{counter: 7}}})
			if err != nil {
				t.Fatal(err)
			}
			assertEqual(t, map[string]types.AttributeValue{"pk": str(key), attribute: num("7")}, l.items[key])

			counters, err := store.Counters(t.Context(), item)
			assertEqual(t, map[string]int64{counter: 7}, counters)
			if err != nil {
				t.Error(err)
			}
			contents, err := dynamo.Scan(t.Context(), &pages{items: []map[string]types.AttributeValue{l.items[key]}}, table, dynamo.Vocabulary{})
			assertEqual(t, map[string]map[string]int64{item: {counter: 7}}, contents.Counters)
			if err != nil {
				t.Error(err)
			}
		}
	}
}
