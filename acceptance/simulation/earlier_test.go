package simulation

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// isSettled reports whether the data of an event in a record was dropped.
func isSettled(record participant.Record) bool {
	return slices.ContainsFunc(record.Handled, func(h participant.Handled) bool {
		return slices.ContainsFunc(h.Published, func(e event.Event) bool { return e.Data == nil })
	})
}

// earlierItem returns the item of a record in the form that versions before the binary
// one have written. The state of an order had no customer then.
func earlierItem(source string, item map[string]types.AttributeValue, record participant.Record) (map[string]types.AttributeValue, error) {
	state := string(record.State)
	if source == contract.SourceOrder {
		var s order.State
		if err := json.Unmarshal(record.State, &s); err != nil {
			return nil, err
		}
		s.CustomerID = ""
		encoded, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		state = string(encoded)
	}
	var handled []map[string]any
	for _, h := range record.Handled {
		entry := map[string]any{
			"source": h.Source, "id": h.ID, "type": h.Type, "cause": h.CausationID, "digest": h.Digest,
			"time": h.OccurredAt.UnixMilli(), "at": h.HandledAt.UnixMilli(),
		}
		var published []string
		for _, e := range h.Published {
			text, err := json.Marshal(e)
			if err != nil {
				return nil, err
			}
			published = append(published, string(text))
		}
		entry["published"] = published
		handled = append(handled, entry)
	}
	attributes, err := attributevalue.MarshalMap(map[string]any{"state": state, "handled": handled, "erased": record.Erased})
	if err != nil {
		return nil, err
	}
	delete(item, "record")
	maps.Copy(item, attributes)
	return item, nil
}
