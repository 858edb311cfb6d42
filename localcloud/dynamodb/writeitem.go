package dynamodb

import (
	"context"
	"maps"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// writeResult is what a single write did.
type writeResult struct {
	old, next attribute.Item
	consumed  *ConsumedCapacity
}

// execute does a single write. A write that its condition refuses costs as much as
// the item that it met.
func (s *Service) execute(operation string, w *write, wantsCapacity bool) (writeResult, error) {
	if w.invalid != nil {
		return writeResult{}, w.invalid
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	old := w.table.get(w.id)
	if !w.condition.Holds(old) {
		w.table.chargeItem(w.id, operation, 0, writeUnits(w.table.size(w.id)), false)
		if !w.oldOnFailure {
			old = nil
		}
		return writeResult{}, conditionalCheckFailed(old)
	}
	next, err := w.next(old)
	if err != nil {
		return writeResult{}, err
	}
	own, indexes := w.table.write(w.id, next)
	return writeResult{old: old, next: next, consumed: w.table.chargeItem(w.id, operation, 0, own+indexes, wantsCapacity)}, nil
}

// returnsOld reads ReturnValues of an operation that has only ALL_OLD.
func returnsOld(requested string) (bool, error) {
	if err := checkReturnValues(requested); err != nil {
		return false, err
	}
	switch requested {
	case "", "NONE", "ALL_OLD":
		return requested == "ALL_OLD", nil
	}
	return false, wire.ValidationError("ReturnValues can only be ALL_OLD or NONE")
}

func checkReturnValues(requested string) error {
	return oneOf("returnValues", requested, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
}

// WriteOutput is the response to a single write.
type WriteOutput struct {
	Attributes       attribute.Item    `json:",omitzero"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// PutItemInput is a request to put one item.
type PutItemInput struct {
	Put
	ReturnValues           string
	ReturnConsumedCapacity string
}

// PutItem stores an item whole, in the place of the one that has its key.
func (s *Service) PutItem(ctx context.Context, in *PutItemInput) (*WriteOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "PutItem", table: in.TableName})
	if err != nil {
		return nil, err
	}
	w, err := planPut(table, &in.Put)
	if err != nil {
		return nil, err
	}
	return s.replace("PutItem", w, in.ReturnValues, in.ReturnConsumedCapacity)
}

// DeleteItemInput is a request to delete one item.
type DeleteItemInput struct {
	Delete
	ReturnValues           string
	ReturnConsumedCapacity string
}

// DeleteItem deletes an item; to delete none succeeds too.
func (s *Service) DeleteItem(ctx context.Context, in *DeleteItemInput) (*WriteOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "DeleteItem", table: in.TableName})
	if err != nil {
		return nil, err
	}
	w, err := planDelete(table, &in.Delete)
	if err != nil {
		return nil, err
	}
	return s.replace("DeleteItem", w, in.ReturnValues, in.ReturnConsumedCapacity)
}

func (s *Service) replace(operation string, w *write, returnValues, returnCapacity string) (*WriteOutput, error) {
	wantsOld, err := returnsOld(returnValues)
	if err != nil {
		return nil, err
	}
	wantsCapacity, err := capacityMode(returnCapacity)
	if err != nil {
		return nil, err
	}
	done, err := s.execute(operation, w, wantsCapacity)
	if err != nil {
		return nil, err
	}
	out := &WriteOutput{ConsumedCapacity: done.consumed}
	if wantsOld {
		out.Attributes = maps.Clone(done.old)
	}
	return out, nil
}

// UpdateItemInput is a request to update one item.
type UpdateItemInput struct {
	Update
	ReturnValues           string
	ReturnConsumedCapacity string
}

// UpdateItem changes some attributes of an item, which it makes if need be.
func (s *Service) UpdateItem(ctx context.Context, in *UpdateItemInput) (*WriteOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "UpdateItem", table: in.TableName})
	if err != nil {
		return nil, err
	}
	w, changes, err := planUpdate(table, &in.Update)
	if err != nil {
		return nil, err
	}
	if err := checkReturnValues(in.ReturnValues); err != nil {
		return nil, err
	}
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	done, err := s.execute("UpdateItem", w, wantsCapacity)
	if err != nil {
		return nil, err
	}
	return &WriteOutput{Attributes: returned(changes, in.ReturnValues, done), ConsumedCapacity: done.consumed}, nil
}

// returned returns the attributes in the response to an update. UPDATED_OLD and
// UPDATED_NEW are only what the update touched.
func returned(changes *expression.Update, requested string, done writeResult) attribute.Item {
	switch requested {
	case "ALL_OLD":
		return maps.Clone(done.old)
	case "ALL_NEW":
		return maps.Clone(done.next)
	case "UPDATED_OLD":
		return changes.Pick(done.old)
	case "UPDATED_NEW":
		return changes.Pick(done.next)
	}
	return nil
}
