package dynamodb

import (
	"cmp"
	"context"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// maximumItem is the largest an item may be, in bytes.
const maximumItem = 400 << 10

// Conditional is the condition of a write.
type Conditional struct {
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute.Value
	ReturnValuesOnConditionCheckFailure string
}

// Put is a put, by itself or in a transaction.
type Put struct {
	TableName string
	Item      attribute.Item
	Conditional
}

// Update is an update, by itself or in a transaction.
type Update struct {
	TableName        string
	Key              attribute.Item
	UpdateExpression *string
	Conditional
}

// Delete is a delete, by itself or in a transaction, or the check of a condition.
type Delete struct {
	TableName string
	Key       attribute.Item
	Conditional
}

// write is a write that has been checked as far as it can be without looking
// at the item that it meets.
type write struct {
	itemLocation
	condition    *expression.Condition
	oldOnFailure bool
	// next returns the item after the write, nil for a delete, given the one
	// before.
	next func(old attribute.Item) (attribute.Item, error)
	// changes is what an update does.
	changes *expression.Update
	// isCheck marks a ConditionCheck: its condition counts, and nothing is written.
	isCheck bool
	// invalid is why the key or the item does not fit the table. A transaction
	// reports that among its reasons.
	invalid error
	// payload is the size of the item that the request carries.
	payload int
}

// itemLocation is where an item is among all tables.
type itemLocation struct {
	table *storage
	id    key
}

func (l itemLocation) location() itemLocation { return l }

func (l itemLocation) size() int { return l.table.size(l.id) }

// loads returns what a write costs that has another item as its result, or none.
func (w *write) loads(old, next attribute.Item, factor float64) []load {
	if w.isCheck {
		next = old
	}
	return w.table.writeLoads(w.id, old, next, factor)
}

// refusedLoad returns the cost of a write that its condition refuses: that of the item
// which it met.
func (w *write) refusedLoad(factor float64) load {
	return load{index: w.table.primary, partition: w.id.partition, write: factor * writeUnits(w.size())}
}

// result is an item before and after a write, and what the write costs: nothing if it
// was refused before its item was looked at.
type result struct {
	old, next attribute.Item
	loads     []load
}

// refusal is why a write or a read is not done: as the reason of a cancelled
// transaction, and as the error of a request for it alone.
type refusal struct {
	CancellationReason
	alone error
}

// compute returns the result of a write, or why it cannot be done. It needs the
// service's lock.
func (s *Service) compute(w *write, factor float64) (result, *refusal) {
	if s.held[w.itemLocation].transactions > 0 {
		return result{}, conflict()
	}
	refused := result{old: w.table.find(w.id).item(), loads: []load{w.refusedLoad(factor)}}
	if throttled := s.throttled(refused.loads); throttled != nil {
		return result{}, throttled
	}
	if !w.condition.Holds(refused.old) {
		return refused, w.conditionalCheckFailed(refused.old)
	}
	next, err := w.next(refused.old)
	if err != nil {
		return refused, &refusal{CancellationReason{Code: "ValidationError", Message: wire.Message(err)}, err}
	}
	loads := w.loads(refused.old, next, factor)
	if throttled := s.throttled(loads); throttled != nil {
		return result{}, throttled
	}
	return result{refused.old, next, loads}, nil
}

// planner checks one kind of write against its table.
type planner func(*storage) (*write, error)

// plan finds the table of a write and checks the write against it.
func (s *Service) plan(ctx context.Context, a permission, plan planner) (*write, error) {
	table, err := s.authorizedTable(ctx, a)
	if err != nil {
		return nil, err
	}
	return plan(table)
}

// parse parses a write's condition and checks that its variables are used.
func (c Conditional) parse(w *write, variables *expression.Variables) (err error) {
	if w.condition, err = expression.ParseCondition("ConditionExpression", c.ConditionExpression, variables); err != nil {
		return err
	}
	if err := w.table.checkPaths(w.condition.Paths()); err != nil {
		return err
	}
	w.oldOnFailure = c.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	return cmp.Or(
		oneOf("returnValuesOnConditionCheckFailure", c.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE"),
		variables.CheckUsed(),
	)
}

// variables returns the variables of a write whose other expressions are given.
func (c Conditional) variables(others ...expression.Parameter) (*expression.Variables, error) {
	return expression.NewVariables(c.ExpressionAttributeNames, c.ExpressionAttributeValues,
		append(others, expression.Parameter{Name: "ConditionExpression", Text: c.ConditionExpression})...)
}

// setKey sets the key of a write that names the item by its key alone.
func (w *write) setKey(given attribute.Item) {
	w.invalid = w.table.checkKeyMap(given)
	w.id = keyOf(w.table.Key, given)
}

func (in *Put) plan(table *storage) (*write, error) {
	if in.Item == nil {
		return nil, required("item")
	}
	variables, err := in.variables()
	if err != nil {
		return nil, err
	}
	w := &write{
		itemLocation: itemLocation{table, keyOf(table.Key, in.Item)}, payload: in.Item.Size(),
		next: func(attribute.Item) (attribute.Item, error) { return in.Item, nil },
	}
	w.invalid = table.checkItem(in.Item)
	if w.invalid == nil && w.payload > maximumItem {
		w.invalid = wire.ValidationError("Item size has exceeded the maximum allowed size")
	}
	return w, in.parse(w, variables)
}

func (in *Update) plan(table *storage) (*write, error) {
	if in.Key == nil {
		return nil, required("key")
	}
	variables, err := in.variables(expression.Parameter{Name: "UpdateExpression", Text: in.UpdateExpression})
	if err != nil {
		return nil, err
	}
	w := &write{itemLocation: itemLocation{table: table}}
	if w.changes, err = expression.ParseUpdate(in.UpdateExpression, variables); err != nil {
		return nil, err
	}
	w.next = func(old attribute.Item) (attribute.Item, error) {
		if old == nil {
			old = in.Key
		}
		return applyUpdate(table, w.changes, old)
	}
	w.setKey(in.Key)
	if w.invalid == nil {
		w.invalid = table.checkUpdate(w.changes)
	}
	return w, in.parse(w, variables)
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
	return item, cmp.Or(item.Check(), table.checkIndexKeys(item))
}

func (in *Delete) plan(table *storage) (*write, error) {
	if in.Key == nil {
		return nil, required("key")
	}
	variables, err := in.variables()
	if err != nil {
		return nil, err
	}
	w := &write{itemLocation: itemLocation{table: table}, next: func(attribute.Item) (attribute.Item, error) { return nil, nil }}
	w.setKey(in.Key)
	return w, in.parse(w, variables)
}

func (in *Delete) planCheck(table *storage) (*write, error) {
	w, err := in.plan(table)
	if err == nil {
		w.isCheck = true
	}
	return w, err
}
