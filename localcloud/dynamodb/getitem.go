package dynamodb

import (
	"cmp"
	"context"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
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
