package dynamodb

import (
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
	ReturnConsumedCapacity string
}

// GetItemOutput has the item, if there is one.
type GetItemOutput struct {
	Item             attribute.Item    `json:",omitzero"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// lookup is a checked Get.
type lookup struct {
	table      *storage
	id         key
	projection *expression.Projection
}

// GetItem reads one item by its key.
func (s *Service) GetItem(ctx context.Context, in *GetItemInput) (*GetItemOutput, error) {
	planned, err := s.planGet(ctx, permission{action: "GetItem", table: in.TableName}, in.Get)
	if err != nil {
		return nil, err
	}
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	units := readUnits(planned.table.size(planned.id), in.ConsistentRead)
	return &GetItemOutput{
		Item:             planned.read(),
		ConsumedCapacity: planned.table.chargeItem(planned.id, "GetItem", units, 0, wantsCapacity),
	}, nil
}

func (s *Service) planGet(ctx context.Context, a permission, in Get) (lookup, error) {
	table, err := s.authorizedTable(ctx, a)
	if err != nil {
		return lookup{}, err
	}
	if in.Key == nil {
		return lookup{}, required("key")
	}
	projected, err := planProjection(table, in.ProjectionExpression, in.ExpressionAttributeNames)
	if err != nil {
		return lookup{}, err
	}
	if err := table.checkKeyMap(in.Key); err != nil {
		return lookup{}, err
	}
	return lookup{table: table, id: keyOf(table.Key, in.Key), projection: projected}, nil
}

func planProjection(table *storage, text *string, names map[string]string) (*expression.Projection, error) {
	variables, err := expression.NewVariables(names, nil, expression.Parameter{Name: "ProjectionExpression", Text: text})
	if err != nil {
		return nil, err
	}
	projected, err := expression.ParseProjection(text, variables)
	if err != nil {
		return nil, err
	}
	if err := table.checkPaths(projected.Paths()); err != nil {
		return nil, err
	}
	return projected, variables.CheckUsed()
}

// read needs the service's lock.
func (l lookup) read() attribute.Item { return l.projection.Of(l.table.get(l.id)) }
