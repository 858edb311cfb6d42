package dynamodb

import (
	"context"
	"maps"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// The limits of batches: keys or writes in a request, and bytes of items in an answer.
const (
	maximumBatchKeys   = 100
	maximumBatchWrites = 25
	maximumBatchBytes  = 16 << 20
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
	ReturnConsumedCapacity detail
}

// BatchGetItemOutput has the items that exist, by table, and the keys that did not fit
// into the answer or whose partition was used too much.
type BatchGetItemOutput struct {
	Responses        map[string][]attribute.Item
	UnprocessedKeys  map[string]KeysAndAttributes
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// BatchGetItem reads several items of one or more tables.
func (s *Service) BatchGetItem(ctx context.Context, in *BatchGetItemInput) (*BatchGetItemOutput, error) {
	if err := in.ReturnConsumedCapacity.check(); err != nil {
		return nil, err
	}
	b := batch[lookup]{operation: "BatchGetItem", maximum: maximumBatchKeys}
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		request := in.RequestItems[name]
		err := b.plan(ctx, s, name, "requestItems."+name+".member.keys", len(request.Keys), func(table *storage, i int) (lookup, error) {
			get := Get{Key: request.Keys[i], ProjectionExpression: request.ProjectionExpression, ExpressionAttributeNames: request.ExpressionAttributeNames}
			return get.plan(table)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := &BatchGetItemOutput{Responses: make(map[string][]attribute.Item), UnprocessedKeys: make(map[string]KeysAndAttributes)}
	total := 0
	for _, e := range b.elements {
		request := in.RequestItems[e.table]
		if out.Responses[e.table] == nil {
			out.Responses[e.table] = []attribute.Item{}
		}
		total += e.planned.size()
		cost := e.planned.load(request.ConsistentRead, 1)
		if total > maximumBatchBytes || !b.accept(s.throttled([]load{cost}), cost) {
			left := request
			left.Keys = append(out.UnprocessedKeys[e.table].Keys, request.Keys[e.place])
			out.UnprocessedKeys[e.table] = left
			continue
		}
		if item := e.planned.read(); item != nil {
			out.Responses[e.table] = append(out.Responses[e.table], item)
		}
	}
	if err := b.failure(); err != nil {
		return nil, err
	}
	out.ConsumedCapacity = s.charge(b.operation, in.ReturnConsumedCapacity, b.loads)
	return out, nil
}

// WriteRequest is one write of a batch: exactly one of its members.
type WriteRequest struct {
	PutRequest    *PutRequest    `json:",omitempty"`
	DeleteRequest *DeleteRequest `json:",omitempty"`
}

// PutRequest is a put in a batch.
type PutRequest struct{ Item attribute.Item }

// DeleteRequest is a delete in a batch.
type DeleteRequest struct{ Key attribute.Item }

// BatchWriteItemInput is a request to write several items, each by itself.
type BatchWriteItemInput struct {
	RequestItems           map[string][]WriteRequest
	ReturnConsumedCapacity detail
}

// BatchWriteItemOutput has the writes that were not done: their item is in an ongoing
// transaction, or its partition was used too much.
type BatchWriteItemOutput struct {
	UnprocessedItems map[string][]WriteRequest
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// BatchWriteItem puts and deletes several items of one or more tables. None of its
// errors is a conflict, so a write that meets a transaction is left as one that failed.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func (s *Service) BatchWriteItem(ctx context.Context, in *BatchWriteItemInput) (*BatchWriteItemOutput, error) {
	if err := in.ReturnConsumedCapacity.check(); err != nil {
		return nil, err
	}
	b := batch[*write]{operation: "BatchWriteItem", maximum: maximumBatchWrites}
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		requests := in.RequestItems[name]
		err := b.plan(ctx, s, name, "requestItems."+name, len(requests), func(table *storage, i int) (*write, error) {
			w, err := requests[i].plan(table)
			if err != nil {
				return nil, err
			}
			return w, w.invalid
		})
		if err != nil {
			return nil, err
		}
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := &BatchWriteItemOutput{UnprocessedItems: make(map[string][]WriteRequest)}
	var done []*write
	for _, e := range b.elements {
		w := e.planned
		result, refused := s.compute(w, 1)
		if !b.accept(refused, result.loads...) {
			out.UnprocessedItems[e.table] = append(out.UnprocessedItems[e.table], in.RequestItems[e.table][e.place])
			continue
		}
		w.table.write(w.id, result.old, result.next)
		done = append(done, w)
	}
	if err := b.failure(); err != nil {
		return nil, err
	}
	out.ConsumedCapacity = s.charge(b.operation, in.ReturnConsumedCapacity, b.loads)
	s.hold(ctx, holders{writes: 1}, done...)
	return out, nil
}

func (r WriteRequest) plan(table *storage) (*write, error) {
	switch {
	case (r.PutRequest == nil) == (r.DeleteRequest == nil):
		return nil, wire.ValidationError("A write request must contain exactly one of PutRequest and DeleteRequest")
	case r.PutRequest != nil:
		return (&Put{Item: r.PutRequest.Item}).plan(table)
	}
	return (&Delete{Key: r.DeleteRequest.Key}).plan(table)
}

// batch is what the two operations for several items have in common.
type batch[T interface{ location() itemLocation }] struct {
	operation string
	maximum   int
	elements  []batchElement[T]
	seen      map[itemLocation]bool
	loads     []load // of what was accepted
	throttled *refusal
}

type batchElement[T any] struct {
	table   string
	place   int // in the request for the table
	planned T
}

// plan adds the elements of one table, of which there must be one.
func (b *batch[T]) plan(ctx context.Context, s *Service, name, member string, count int, plan func(*storage, int) (T, error)) error {
	if count == 0 {
		return between(member, "[]", 0, b.maximum)
	}
	table, err := s.authorizedTable(ctx, permission{action: b.operation, table: name})
	if err != nil {
		return err
	}
	if b.seen == nil {
		b.seen = make(map[itemLocation]bool)
	}
	for i := range count {
		planned, err := plan(table, i)
		if err != nil {
			return err
		}
		if b.seen[planned.location()] {
			return wire.ValidationError("Provided list of item keys contains duplicates")
		}
		b.seen[planned.location()] = true
		b.elements = append(b.elements, batchElement[T]{name, i, planned})
	}
	return nil
}

func (b *batch[T]) check() error {
	switch count := len(b.elements); {
	case count == 0:
		return between("requestItems", "{}", 0, b.maximum)
	case count > b.maximum:
		return wire.ValidationError("Too many items requested for the %s call: %d", b.operation, count)
	}
	return nil
}

// accept adds the cost of an element, unless the element is refused.
func (b *batch[T]) accept(refused *refusal, loads ...load) bool {
	if refused != nil {
		if refused.Code != conflict().Code {
			b.throttled = refused
		}
		return false
	}
	b.loads = append(b.loads, loads...)
	return true
}

// failure returns the error of a batch of which nothing was accepted because
// partitions are used too much.
func (b *batch[T]) failure() error {
	if b.throttled == nil || len(b.loads) > 0 {
		return nil
	}
	return b.throttled.alone
}
