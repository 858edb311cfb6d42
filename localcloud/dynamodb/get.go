package dynamodb

import (
	"cmp"
	"context"
	"fmt"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// Get names one item to read and what of it.
type Get struct {
	TableName                string
	Key                      attribute.Item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

// GetItemInput is a request to read one item.
type GetItemInput struct {
	Get
	ConsistentRead         bool
	ReturnConsumedCapacity detail
}

// GetItemOutput has the item, if there is one.
type GetItemOutput struct {
	Item             attribute.Item    `json:",omitzero"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// lookup is a checked Get.
type lookup struct {
	itemLocation
	projection *expression.Projection
}

// GetItem reads one item by its key.
func (s *Service) GetItem(ctx context.Context, in *GetItemInput) (*GetItemOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "GetItem", table: in.TableName})
	if err != nil {
		return nil, err
	}
	l, err := in.plan(table)
	if err != nil {
		return nil, err
	}
	if err := in.ReturnConsumedCapacity.check(); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	cost := l.load(in.ConsistentRead, 1)
	if refused := s.throttled([]load{cost}); refused != nil {
		return nil, refused.alone
	}
	return &GetItemOutput{Item: l.read(), ConsumedCapacity: s.chargeItem(l.id, "GetItem", in.ReturnConsumedCapacity, cost)}, nil
}

func (in *Get) plan(table *storage) (lookup, error) {
	if in.Key == nil {
		return lookup{}, required("key")
	}
	variables, err := expression.NewVariables(in.ExpressionAttributeNames, nil,
		expression.Parameter{Name: "ProjectionExpression", Text: in.ProjectionExpression})
	if err != nil {
		return lookup{}, err
	}
	l := lookup{itemLocation: itemLocation{table, keyOf(table.Key, in.Key)}}
	if l.projection, err = expression.ParseProjection(in.ProjectionExpression, variables); err != nil {
		return lookup{}, err
	}
	return l, cmp.Or(table.checkPaths(l.projection.Paths()), variables.CheckUsed(), table.checkKeyMap(in.Key))
}

// read returns the item. Like load it needs the service's lock.
func (l lookup) read() attribute.Item { return l.projection.Of(l.table.find(l.id).item()) }

// load returns what it costs to read the item.
func (l lookup) load(consistent bool, factor float64) load {
	return load{index: l.table.primary, partition: l.id.partition, read: factor * readUnits(l.size(), consistent)}
}

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
