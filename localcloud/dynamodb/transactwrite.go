package dynamodb

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// The limits of a transaction.
const (
	maximumElements         = 100
	maximumTransactionBytes = 4 << 20
	maximumToken            = 36
)

// TransactWriteItem is one element of a transaction: exactly one of its members.
type TransactWriteItem struct {
	Put            *Put            `json:",omitempty"`
	Update         *Update         `json:",omitempty"`
	Delete         *Delete         `json:",omitempty"`
	ConditionCheck *ConditionCheck `json:",omitempty"`
}

// ConditionCheck is a condition on an item that the transaction does not write.
type ConditionCheck struct {
	TableName                           string
	Key                                 attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute.Value
	ReturnValuesOnConditionCheckFailure string
}

// TransactWriteItemsInput is a request for a transaction.
type TransactWriteItemsInput struct {
	TransactItems          []TransactWriteItem
	ClientRequestToken     *string
	ReturnConsumedCapacity string
}

// TransactWriteItemsOutput is the response to a transaction that was done.
type TransactWriteItemsOutput struct {
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// CancellationReason is the result of one element of a cancelled transaction.
type CancellationReason struct {
	Code    string
	Message string         `json:",omitempty"`
	Item    attribute.Item `json:",omitzero"`
}

const transactWrite = "TransactWriteItems"

// TransactWriteItems does all of its writes or none. The same token and the
// same request again within ten minutes succeed without effect.
func (s *Service) TransactWriteItems(ctx context.Context, in *TransactWriteItemsInput) (*TransactWriteItemsOutput, error) {
	if err := checkTransaction(in); err != nil {
		return nil, err
	}
	wantsCapacity, err := capacityMode(in.ReturnConsumedCapacity)
	if err != nil {
		return nil, err
	}
	var writes []*write
	for i, element := range in.TransactItems {
		w, err := s.planElement(ctx, element, i)
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	if err := checkTogether(writes); err != nil {
		return nil, err
	}
	request, err := fingerprintOf(in.TransactItems)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	consumed, err := s.transactOnce(in.ClientRequestToken, request, writes, wantsCapacity)
	if err != nil {
		return nil, err
	}
	return &TransactWriteItemsOutput{ConsumedCapacity: consumed}, nil
}

func checkTransaction(in *TransactWriteItemsInput) error {
	switch {
	case len(in.TransactItems) == 0:
		return constraint("'[]'", "transactItems", "Member must have length greater than or equal to 1")
	case len(in.TransactItems) > maximumElements:
		return constraint(fmt.Sprintf("'[%d elements]'", len(in.TransactItems)), "transactItems", "Member must have length less than or equal to 100")
	}
	if token := in.ClientRequestToken; token != nil {
		switch {
		case *token == "":
			return constraint("''", "clientRequestToken", "Member must have length greater than or equal to 1")
		case len(*token) > maximumToken:
			return constraint("'"+*token+"'", "clientRequestToken", "Member must have length less than or equal to 36")
		}
	}
	return nil
}

// planElement checks one element by itself.
func (s *Service) planElement(ctx context.Context, element TransactWriteItem, i int) (*write, error) {
	if element.members() != 1 {
		return nil, wire.ValidationError("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	if err := element.checkRequired(fmt.Sprintf("transactItems.%d.member.", i+1)); err != nil {
		return nil, err
	}
	action, name, plan := element.planner()
	table, err := s.authorizedTable(ctx, permission{action: action, table: name, within: transactWrite})
	if err != nil {
		return nil, err
	}
	return plan(table)
}

func (e TransactWriteItem) members() int {
	count := 0
	for _, present := range []bool{e.Put != nil, e.Update != nil, e.Delete != nil, e.ConditionCheck != nil} {
		if present {
			count++
		}
	}
	return count
}

// checkRequired refuses an update or a check without its expression.
func (e TransactWriteItem) checkRequired(prefix string) error {
	switch {
	case e.Update != nil && e.Update.UpdateExpression == nil:
		return required(prefix + "update.updateExpression")
	case e.ConditionCheck != nil && e.ConditionCheck.ConditionExpression == nil:
		return required(prefix + "conditionCheck.conditionExpression")
	}
	return nil
}

// planner returns the permission that an element needs, its table, and how to
// check it against that table.
func (e TransactWriteItem) planner() (action, name string, plan func(*storage) (*write, error)) {
	switch {
	case e.Put != nil:
		return "PutItem", e.Put.TableName, func(t *storage) (*write, error) { return planPut(t, e.Put) }
	case e.Update != nil:
		return "UpdateItem", e.Update.TableName, func(t *storage) (*write, error) {
			w, _, err := planUpdate(t, e.Update)
			return w, err
		}
	case e.Delete != nil:
		return "DeleteItem", e.Delete.TableName, func(t *storage) (*write, error) { return planDelete(t, e.Delete) }
	}
	return "ConditionCheckItem", e.ConditionCheck.TableName, func(t *storage) (*write, error) {
		w, err := planDelete(t, (*Delete)(e.ConditionCheck))
		if err == nil {
			w.isCheck = true
		}
		return w, err
	}
}

// itemLocation is where an item is among all tables.
type itemLocation struct {
	table *storage
	id    key
}

// checkTogether checks what only all elements together can break.
func checkTogether(writes []*write) error {
	seen := make(map[itemLocation]bool)
	payload := 0
	for _, w := range writes {
		payload += w.payload
		at := itemLocation{w.table, w.id}
		if w.invalid == nil && seen[at] {
			return wire.ValidationError("Transaction request cannot include multiple operations on one item")
		}
		seen[at] = seen[at] || w.invalid == nil
	}
	if payload > maximumTransactionBytes {
		return wire.ValidationError("Transaction request size cannot exceed %d bytes", maximumTransactionBytes)
	}
	return nil
}

// transactOnce does a transaction unless one with its token was done already;
// then it costs only what reading its items costs. A cancelled transaction
// leaves its token free.
func (s *Service) transactOnce(token *string, request fingerprint, writes []*write, wantsCapacity bool) ([]ConsumedCapacity, error) {
	if token == nil {
		return transact(writes, wantsCapacity)
	}
	now := s.config.Clock()
	done, known := s.ledger.find(*token, now)
	switch {
	case known && done != request:
		return nil, wire.Errorf("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.")
	case known:
		costs := make(tableCosts)
		for _, w := range writes {
			costs.of(w.table).read += transactionFactor * readUnits(w.table.size(w.id), true)
		}
		return costs.charge(transactWrite, wantsCapacity), nil
	}
	consumed, err := transact(writes, wantsCapacity)
	if err == nil {
		s.ledger.add(*token, request, now)
	}
	return consumed, err
}

// transact needs the service's lock.
func transact(writes []*write, wantsCapacity bool) ([]ConsumedCapacity, error) {
	for i, w := range writes {
		if w.invalid != nil {
			// A key or an item that does not fit its table cancels the
			// transaction before any condition is looked at.
			reasons := noReasons(len(writes))
			reasons[i] = CancellationReason{Code: "ValidationError", Message: wire.Message(w.invalid)}
			return nil, transactionCanceled(reasons)
		}
	}
	costs := make(tableCosts)
	results, reasons := computeWrites(writes)
	if reasons != nil {
		for _, w := range writes {
			costs.of(w.table).write += transactionFactor * writeUnits(w.table.size(w.id))
		}
		costs.charge(transactWrite, false)
		return nil, transactionCanceled(reasons)
	}
	for i, w := range writes {
		c := costs.of(w.table)
		if w.isCheck {
			c.write += transactionFactor * writeUnits(w.table.size(w.id))
			continue
		}
		own, indexes := w.table.write(w.id, results[i])
		c.write += transactionFactor*own + indexes
	}
	return costs.charge(transactWrite, wantsCapacity), nil
}

// computeWrites returns the item after each write, without writing any. If a
// write cannot be done, it returns reasons instead, one for each element.
func computeWrites(writes []*write) ([]attribute.Item, []CancellationReason) {
	results := make([]attribute.Item, len(writes))
	reasons := noReasons(len(writes))
	failed := false
	for i, w := range writes {
		old := w.table.get(w.id)
		if !w.condition.Holds(old) {
			failed = true
			reasons[i] = CancellationReason{Code: "ConditionalCheckFailed", Message: conditionFailed}
			if w.oldOnFailure {
				reasons[i].Item = maps.Clone(old)
			}
			continue
		}
		next, err := w.next(old)
		if err != nil {
			failed = true
			reasons[i] = CancellationReason{Code: "ValidationError", Message: wire.Message(err)}
			continue
		}
		results[i] = next
	}
	if !failed {
		return results, nil
	}
	return nil, reasons
}

func noReasons(count int) []CancellationReason {
	reasons := make([]CancellationReason, count)
	for i := range reasons {
		reasons[i].Code = "None"
	}
	return reasons
}

func transactionCanceled(reasons []CancellationReason) error {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = reason.Code
	}
	failure := wire.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Members = map[string]any{"CancellationReasons": reasons}
	return failure
}
