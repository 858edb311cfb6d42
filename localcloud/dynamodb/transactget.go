package dynamodb

import (
	"context"
	"fmt"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// TransactGetItem is one element of a consistent read of several items.
type TransactGetItem struct {
	Get *Get
}

// TransactGetItemsInput is a request to read several items at one moment.
type TransactGetItemsInput struct {
	TransactItems          []TransactGetItem
	ReturnConsumedCapacity string
}

// ItemResponse has the requested item, if there is one.
type ItemResponse struct {
	Item attribute.Item `json:",omitzero"`
}

// TransactGetItemsOutput has an answer for each element, in their order.
type TransactGetItemsOutput struct {
	Responses        []ItemResponse
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// TransactGetItems reads several items as they are at one moment.
func (s *Service) TransactGetItems(ctx context.Context, in *TransactGetItemsInput) (*TransactGetItemsOutput, error) {
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	planned, err := s.planGets(ctx, in.TransactItems)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := new(TransactGetItemsOutput)
	costs := make(tableCosts)
	total := 0
	for _, l := range planned {
		size := l.table.size(l.id)
		if total += size; total > maximumTransactionBytes {
			return nil, wire.ValidationError("Transaction response size cannot exceed %d bytes", maximumTransactionBytes)
		}
		costs.of(l.table).read += transactionFactor * readUnits(size, true)
		out.Responses = append(out.Responses, ItemResponse{Item: l.read()})
	}
	out.ConsumedCapacity = costs.charge("TransactGetItems", wantsCapacity)
	return out, nil
}

func (s *Service) planGets(ctx context.Context, elements []TransactGetItem) ([]lookup, error) {
	switch {
	case len(elements) == 0:
		return nil, constraint("'[]'", "transactItems", "Member must have length greater than or equal to 1")
	case len(elements) > maximumElements:
		return nil, constraint(fmt.Sprintf("'[%d elements]'", len(elements)), "transactItems", "Member must have length less than or equal to 100")
	}
	seen := make(map[itemLocation]bool)
	planned := make([]lookup, len(elements))
	for i, element := range elements {
		if element.Get == nil {
			return nil, required(fmt.Sprintf("transactItems.%d.member.get", i+1))
		}
		l, err := s.planGet(ctx, permission{action: "GetItem", table: element.Get.TableName, within: "TransactGetItems"}, *element.Get)
		if err != nil {
			return nil, err
		}
		if seen[itemLocation{l.table, l.id}] {
			return nil, wire.ValidationError("Transaction request cannot include multiple operations on one item")
		}
		seen[itemLocation{l.table, l.id}] = true
		planned[i] = l
	}
	return planned, nil
}
