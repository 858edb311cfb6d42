package dynamodb

import (
	"context"
	"maps"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// The limits of a BatchGetItem: keys in a request, and bytes of items in an answer.
const (
	maximumBatchKeys  = 100
	maximumBatchBytes = 16 << 20
)

// KeysAndAttributes names items of one table to read, and what of them.
type KeysAndAttributes struct {
	Keys                     []attribute.Item
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

// BatchGetItemInput is a request to read several items, each by itself.
type BatchGetItemInput struct {
	RequestItems           map[string]KeysAndAttributes
	ReturnConsumedCapacity string
}

// BatchGetItemOutput has the items that exist, by table, and the keys that did not fit
// into the answer.
type BatchGetItemOutput struct {
	Responses        map[string][]attribute.Item
	UnprocessedKeys  map[string]KeysAndAttributes
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// BatchGetItem reads several items of one or more tables.
func (s *Service) BatchGetItem(ctx context.Context, in *BatchGetItemInput) (*BatchGetItemOutput, error) {
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(in.RequestItems))
	planned, err := s.planBatch(ctx, names, in.RequestItems)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := &BatchGetItemOutput{Responses: make(map[string][]attribute.Item), UnprocessedKeys: make(map[string]KeysAndAttributes)}
	costs := make(tableCosts)
	total := 0
	for _, name := range names {
		request := in.RequestItems[name]
		out.Responses[name] = []attribute.Item{}
		for i, l := range planned[name] {
			size := l.table.size(l.id)
			if total += size; total > maximumBatchBytes {
				request.Keys = request.Keys[i:]
				out.UnprocessedKeys[name] = request
				break
			}
			costs.of(l.table).read += readUnits(size, request.ConsistentRead)
			if item := l.read(); item != nil {
				out.Responses[name] = append(out.Responses[name], item)
			}
		}
	}
	out.ConsumedCapacity = costs.charge("BatchGetItem", wantsCapacity)
	return out, nil
}

// planBatch checks the request, and returns a lookup for each key by the table's name.
func (s *Service) planBatch(ctx context.Context, names []string, requests map[string]KeysAndAttributes) (map[string][]lookup, error) {
	if len(names) == 0 {
		return nil, constraint("'{}'", "requestItems", "Member must have length greater than or equal to 1")
	}
	planned := make(map[string][]lookup)
	seen := make(map[itemLocation]bool)
	for _, name := range names {
		request := requests[name]
		if len(request.Keys) == 0 {
			return nil, constraint("'[]'", "requestItems."+name+".member.keys", "Member must have length greater than or equal to 1")
		}
		for _, k := range request.Keys {
			l, err := s.planGet(ctx, permission{action: "BatchGetItem", table: name}, Get{
				TableName: name, Key: k,
				ProjectionExpression: request.ProjectionExpression, ExpressionAttributeNames: request.ExpressionAttributeNames,
			})
			if err != nil {
				return nil, err
			}
			if seen[itemLocation{l.table, l.id}] {
				return nil, wire.ValidationError("Provided list of item keys contains duplicates")
			}
			seen[itemLocation{l.table, l.id}] = true
			planned[name] = append(planned[name], l)
		}
	}
	if len(seen) > maximumBatchKeys {
		return nil, wire.ValidationError("Too many items requested for the BatchGetItem call: %d", len(seen))
	}
	return planned, nil
}
