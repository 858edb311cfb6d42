package dynamodb

import (
	"context"
	"maps"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// The limits of reads of several items.
const (
	maximumBatch      = 100
	maximumBatchBytes = 16 << 20
)

// KeysAndAttributes names items of one table to read and what of them.
type KeysAndAttributes struct {
	Keys                     []attribute.Item
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
	ConsistentRead           bool              `json:",omitempty"`
}

// BatchGetItemInput is a request to read items, by table.
type BatchGetItemInput struct {
	RequestItems           map[string]KeysAndAttributes
	ReturnConsumedCapacity string
}

// BatchGetItemOutput has the items found, by table. UnprocessedKeys are those
// that did not fit in one answer.
type BatchGetItemOutput struct {
	Responses        map[string][]attribute.Item
	UnprocessedKeys  map[string]KeysAndAttributes
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// BatchGetItem reads items by their keys, in no order and without isolation.
func (s *Service) BatchGetItem(ctx context.Context, in *BatchGetItemInput) (*BatchGetItemOutput, error) {
	if err := checkBatch(in.RequestItems); err != nil {
		return nil, err
	}
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	planned := make(map[string][]lookup, len(in.RequestItems))
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		if planned[name], err = s.planBatch(ctx, name, in.RequestItems[name]); err != nil {
			return nil, err
		}
	}
	out := &BatchGetItemOutput{Responses: make(map[string][]attribute.Item), UnprocessedKeys: make(map[string]KeysAndAttributes)}
	costs := make(tableCosts)
	size := 0
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(planned)) {
		wanted := in.RequestItems[name]
		out.Responses[name] = []attribute.Item{}
		for i, l := range planned[name] {
			own := l.table.size(l.id)
			if size += own; size > maximumBatchBytes {
				out.addUnprocessed(name, wanted, wanted.Keys[i])
				continue
			}
			costs.of(l.table).read += readUnits(own, wanted.ConsistentRead)
			if item := l.read(); item != nil {
				out.Responses[name] = append(out.Responses[name], item)
			}
		}
	}
	out.ConsumedCapacity = costs.charge("BatchGetItem", wantsCapacity)
	return out, nil
}

func checkBatch(requested map[string]KeysAndAttributes) error {
	count := 0
	for _, wanted := range requested {
		if len(wanted.Keys) == 0 {
			return constraint("'[]'", "requestItems.member.keys", "Member must have length greater than or equal to 1")
		}
		count += len(wanted.Keys)
	}
	if count == 0 {
		return constraint("'{}'", "requestItems", "Member must have length greater than or equal to 1")
	}
	if count > maximumBatch {
		return wire.ValidationError("Too many items requested for the BatchGetItem call: %d", count)
	}
	return nil
}

func (s *Service) planBatch(ctx context.Context, name string, wanted KeysAndAttributes) ([]lookup, error) {
	table, err := s.authorizedTable(ctx, permission{action: "BatchGetItem", table: name})
	if err != nil {
		return nil, err
	}
	projected, err := planProjection(table, wanted.ProjectionExpression, wanted.ExpressionAttributeNames)
	if err != nil {
		return nil, err
	}
	seen := make(map[key]bool)
	var planned []lookup
	for _, given := range wanted.Keys {
		if err := table.checkKeyMap(given); err != nil {
			return nil, err
		}
		id := keyOf(table.Key, given)
		if seen[id] {
			return nil, wire.ValidationError("Provided list of item keys contains duplicates")
		}
		seen[id] = true
		planned = append(planned, lookup{table: table, id: id, projection: projected})
	}
	return planned, nil
}

// addUnprocessed adds a key to those that the caller has to request again.
func (o *BatchGetItemOutput) addUnprocessed(table string, wanted KeysAndAttributes, k attribute.Item) {
	left, started := o.UnprocessedKeys[table]
	if !started {
		left = wanted
		left.Keys = nil
	}
	left.Keys = append(left.Keys, k)
	o.UnprocessedKeys[table] = left
}
