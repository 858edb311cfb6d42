package dynamodb

import (
	"context"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// Returning is what a request for a single write wants to be returned.
type Returning struct {
	ReturnValues           string
	ReturnConsumedCapacity detail
}

// check checks the words of a request for a single write. Only an update has others
// than ALL_OLD and NONE.
func (r Returning) check(w *write) error {
	if err := oneOf("returnValues", r.ReturnValues, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"); err != nil {
		return err
	}
	if w.changes == nil && oneOf("", r.ReturnValues, "ALL_OLD", "NONE") != nil {
		return wire.ValidationError("ReturnValues can only be ALL_OLD or NONE")
	}
	return r.ReturnConsumedCapacity.check()
}

// PutItemInput is a request to put one item.
type PutItemInput struct {
	Put
	Returning
}

// DeleteItemInput is a request to delete one item.
type DeleteItemInput struct {
	Delete
	Returning
}

// UpdateItemInput is a request to update one item.
type UpdateItemInput struct {
	Update
	Returning
}

// WriteOutput is the response to a single write.
type WriteOutput struct {
	Attributes       attribute.Item    `json:",omitzero"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// PutItem stores an item whole, in the place of the one that has its key.
func (s *Service) PutItem(ctx context.Context, in *PutItemInput) (*WriteOutput, error) {
	return s.writeItem(ctx, permission{action: "PutItem", table: in.TableName}, in.plan, in.Returning)
}

// DeleteItem deletes an item; to delete none succeeds too.
func (s *Service) DeleteItem(ctx context.Context, in *DeleteItemInput) (*WriteOutput, error) {
	return s.writeItem(ctx, permission{action: "DeleteItem", table: in.TableName}, in.plan, in.Returning)
}

// UpdateItem changes some attributes of an item, which it makes if need be.
func (s *Service) UpdateItem(ctx context.Context, in *UpdateItemInput) (*WriteOutput, error) {
	return s.writeItem(ctx, permission{action: "UpdateItem", table: in.TableName}, in.plan, in.Returning)
}

// writeItem does a single write. A write that its condition refuses costs as much as
// the item that it met.
func (s *Service) writeItem(ctx context.Context, a permission, plan planner, r Returning) (*WriteOutput, error) {
	w, err := s.plan(ctx, a, plan)
	if err != nil {
		return nil, err
	}
	if err := r.check(w); err != nil {
		return nil, err
	}
	if w.invalid != nil {
		return nil, w.invalid
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	done, refused := s.compute(w, 1)
	if refused != nil {
		if refused.Code == conditionalCheckFailed {
			s.chargeItem(w.id, a.action, "", done.loads...)
		}
		return nil, refused.alone
	}
	w.table.write(w.id, done.old, done.next)
	consumed := s.chargeItem(w.id, a.action, r.ReturnConsumedCapacity, done.loads...)
	s.hold(ctx, holders{writes: 1}, w)
	return &WriteOutput{Attributes: returned(w, r.ReturnValues, done.old, done.next), ConsumedCapacity: consumed}, nil
}

// returned returns the attributes in the response to a write. UPDATED_OLD and
// UPDATED_NEW are only what an update touched.
func returned(w *write, requested string, old, next attribute.Item) attribute.Item {
	switch requested {
	case "ALL_OLD":
		return old
	case "ALL_NEW":
		return next
	case "UPDATED_OLD":
		return w.changes.Pick(old)
	case "UPDATED_NEW":
		return w.changes.Pick(next)
	}
	return nil
}
