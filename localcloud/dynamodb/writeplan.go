package dynamodb

import (
	"maps"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// maximumItem is the largest an item may be, in bytes.
const maximumItem = 400 << 10

// Put is a put, by itself or in a transaction.
type Put struct {
	TableName                           string
	Item                                attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute.Value
	ReturnValuesOnConditionCheckFailure string
}

// Update is an update, by itself or in a transaction.
type Update struct {
	TableName                           string
	Key                                 attribute.Item
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute.Value
	ReturnValuesOnConditionCheckFailure string
}

// Delete is a delete, by itself or in a transaction.
type Delete struct {
	TableName                           string
	Key                                 attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute.Value
	ReturnValuesOnConditionCheckFailure string
}

// write is a write that has been checked as far as it can be without looking
// at the item that it meets.
type write struct {
	table        *storage
	id           key
	condition    *expression.Condition
	oldOnFailure bool
	// next returns the item after the write, nil for a delete, given the one
	// before.
	next func(old attribute.Item) (attribute.Item, error)
	// isCheck marks a ConditionCheck: its condition counts, and nothing is written.
	isCheck bool
	// invalid is why the key or the item does not fit the table. A transaction
	// reports that among its reasons.
	invalid error
	// payload is the size of the item that the request carries.
	payload int
}

// parseCondition parses a write's condition and checks that its variables are
// used.
func (w *write) parseCondition(variables *expression.Variables, conditionText *string, onFailure string) error {
	parsed, err := expression.ParseCondition("ConditionExpression", conditionText, variables)
	if err != nil {
		return err
	}
	if err := w.table.checkPaths(parsed.Paths()); err != nil {
		return err
	}
	w.condition = parsed
	w.oldOnFailure = onFailure == "ALL_OLD"
	if err := oneOf("returnValuesOnConditionCheckFailure", onFailure, "ALL_OLD", "NONE"); err != nil {
		return err
	}
	return variables.CheckUsed()
}

// setKey sets the key of a write that names the item by its key alone.
func (w *write) setKey(given attribute.Item) {
	w.invalid = w.table.checkKeyMap(given)
	w.id = keyOf(w.table.Key, given)
}

func planPut(table *storage, in *Put) (*write, error) {
	if in.Item == nil {
		return nil, required("item")
	}
	variables, err := expression.NewVariables(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		expression.Parameter{Name: "ConditionExpression", Text: in.ConditionExpression})
	if err != nil {
		return nil, err
	}
	// The table keeps a map of its own: the caller may change this one.
	item := maps.Clone(in.Item)
	w := &write{table: table, payload: item.Size(), next: func(attribute.Item) (attribute.Item, error) { return item, nil }}
	if err := w.parseCondition(variables, in.ConditionExpression, in.ReturnValuesOnConditionCheckFailure); err != nil {
		return nil, err
	}
	w.invalid = table.checkItem(item)
	w.id = keyOf(table.Key, item)
	if w.invalid == nil && w.payload > maximumItem {
		w.invalid = wire.ValidationError("Item size has exceeded the maximum allowed size")
	}
	return w, nil
}

func planUpdate(table *storage, in *Update) (*write, *expression.Update, error) {
	if in.Key == nil {
		return nil, nil, required("key")
	}
	variables, err := expression.NewVariables(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		expression.Parameter{Name: "UpdateExpression", Text: in.UpdateExpression}, expression.Parameter{Name: "ConditionExpression", Text: in.ConditionExpression})
	if err != nil {
		return nil, nil, err
	}
	changes, err := expression.ParseUpdate(in.UpdateExpression, variables)
	if err != nil {
		return nil, nil, err
	}
	given := maps.Clone(in.Key)
	w := &write{table: table, next: func(old attribute.Item) (attribute.Item, error) {
		if old == nil {
			old = given
		}
		return applyUpdate(table, changes, old)
	}}
	if err := w.parseCondition(variables, in.ConditionExpression, in.ReturnValuesOnConditionCheckFailure); err != nil {
		return nil, nil, err
	}
	w.setKey(given)
	if w.invalid == nil {
		w.invalid = table.checkUpdate(changes)
	}
	return w, changes, nil
}

// applyUpdate returns the item after an update. An error is returned if it must
// not be stored.
func applyUpdate(table *storage, changes *expression.Update, old attribute.Item) (attribute.Item, error) {
	item, err := changes.Apply(old)
	if err != nil {
		return nil, err
	}
	if item.Size() > maximumItem {
		return nil, wire.ValidationError("Item size to update has exceeded the maximum allowed size")
	}
	if err := item.Check(); err != nil {
		return nil, err
	}
	return item, table.checkIndexKeys(item)
}

func planDelete(table *storage, in *Delete) (*write, error) {
	if in.Key == nil {
		return nil, required("key")
	}
	variables, err := expression.NewVariables(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		expression.Parameter{Name: "ConditionExpression", Text: in.ConditionExpression})
	if err != nil {
		return nil, err
	}
	w := &write{table: table, next: func(attribute.Item) (attribute.Item, error) { return nil, nil }}
	if err := w.parseCondition(variables, in.ConditionExpression, in.ReturnValuesOnConditionCheckFailure); err != nil {
		return nil, err
	}
	w.setKey(in.Key)
	return w, nil
}
