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
	ReturnConsumedCapacity detail
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
	if err := in.ReturnConsumedCapacity.check(); err != nil {
		return nil, err
	}
	planned, err := s.planGets(ctx, in.TransactItems)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.checkReadable(planned); err != nil {
		return nil, err
	}
	out := new(TransactGetItemsOutput)
	var loads []load
	total := 0
	for _, l := range planned {
		if total += l.size(); total > maximumTransactionBytes {
			return nil, wire.ValidationError("Transaction response size cannot exceed %d bytes", maximumTransactionBytes)
		}
		loads = append(loads, l.load(true, transactionFactor))
		out.Responses = append(out.Responses, ItemResponse{Item: l.read()})
	}
	out.ConsumedCapacity = s.charge("TransactGetItems", in.ReturnConsumedCapacity, loads)
	return out, nil
}

// checkReadable returns the error of a transaction that reads an item while it is
// written, or more than its partition allows.
func (s *Service) checkReadable(planned []lookup) error {
	reasons := newCancellation(len(planned))
	for i, l := range planned {
		refused := s.throttled([]load{l.load(true, transactionFactor)})
		if s.held[l.itemLocation] != (holders{}) {
			refused = conflict()
		}
		if refused != nil {
			reasons[i] = refused.CancellationReason
		}
	}
	return reasons.failure()
}

func (s *Service) planGets(ctx context.Context, elements []TransactGetItem) ([]lookup, error) {
	if err := checkElements(len(elements)); err != nil {
		return nil, err
	}
	seen := make(map[itemLocation]bool)
	planned := make([]lookup, len(elements))
	for i, element := range elements {
		if element.Get == nil {
			return nil, required(fmt.Sprintf("transactItems.%d.member.get", i+1))
		}
		table, err := s.authorizedTable(ctx, permission{action: "GetItem", table: element.Get.TableName, within: "TransactGetItems"})
		if err != nil {
			return nil, err
		}
		if planned[i], err = element.Get.plan(table); err != nil {
			return nil, err
		}
		if seen[planned[i].itemLocation] {
			return nil, severalOnOneItem()
		}
		seen[planned[i].itemLocation] = true
	}
	return planned, nil
}
