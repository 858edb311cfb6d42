package dynamodb

import (
	"context"
	"fmt"
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
	Put            *Put    `json:",omitempty"`
	Update         *Update `json:",omitempty"`
	Delete         *Delete `json:",omitempty"`
	ConditionCheck *Delete `json:",omitempty"`
}

// TransactWriteItemsInput is a request for a transaction.
type TransactWriteItemsInput struct {
	TransactItems          []TransactWriteItem
	ClientRequestToken     *string
	ReturnConsumedCapacity detail
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
	if err := in.ReturnConsumedCapacity.check(); err != nil {
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
	consumed, err := s.transactOnce(ctx, in, request, writes)
	if err != nil {
		return nil, err
	}
	return &TransactWriteItemsOutput{ConsumedCapacity: consumed}, nil
}

func checkTransaction(in *TransactWriteItemsInput) error {
	if err := checkElements(len(in.TransactItems)); err != nil {
		return err
	}
	if token := in.ClientRequestToken; token != nil {
		return between("clientRequestToken", *token, len(*token), maximumToken)
	}
	return nil
}

func checkElements(count int) error {
	return between("transactItems", fmt.Sprintf("[%d elements]", count), count, maximumElements)
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
	return s.plan(ctx, permission{action: action, table: name, within: transactWrite}, plan)
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
func (e TransactWriteItem) planner() (action, name string, plan planned) {
	switch {
	case e.Put != nil:
		return "PutItem", e.Put.TableName, e.Put.plan
	case e.Update != nil:
		return "UpdateItem", e.Update.TableName, e.Update.plan
	case e.Delete != nil:
		return "DeleteItem", e.Delete.TableName, e.Delete.plan
	}
	return "ConditionCheckItem", e.ConditionCheck.TableName, e.ConditionCheck.planCheck
}

// checkTogether checks what only all elements together can break.
func checkTogether(writes []*write) error {
	seen := make(map[itemLocation]bool)
	payload := 0
	for _, w := range writes {
		payload += w.payload
		if w.invalid == nil && seen[w.itemLocation] {
			return severalOnOneItem()
		}
		seen[w.itemLocation] = seen[w.itemLocation] || w.invalid == nil
	}
	if payload > maximumTransactionBytes {
		return wire.ValidationError("Transaction request size cannot exceed %d bytes", maximumTransactionBytes)
	}
	return nil
}

func severalOnOneItem() error {
	return wire.ValidationError("Transaction request cannot include multiple operations on one item")
}

// transactOnce does a transaction unless one with its token was done already;
// then it costs only what reading its items costs. A cancelled transaction
// leaves its token free.
func (s *Service) transactOnce(ctx context.Context, in *TransactWriteItemsInput, request fingerprint, writes []*write) ([]ConsumedCapacity, error) {
	if in.ClientRequestToken == nil {
		return s.transact(ctx, in, writes, func() {})
	}
	token := *in.ClientRequestToken
	used, known := s.ledger.find(token, s.config.Clock())
	switch {
	case known && used.request != request:
		return nil, wire.Errorf("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.")
	case known && used.completed.IsZero():
		return nil, wire.Errorf("TransactionInProgressException", "The transaction with the given request token is already in progress.")
	case known:
		var loads []load
		for _, w := range writes {
			loads = append(loads, load{index: w.table.primary, partition: w.id.partition, read: transactionFactor * readUnits(w.size(), true)})
		}
		return s.charge(transactWrite, in.ReturnConsumedCapacity, loads), nil
	}
	consumed, err := s.transact(ctx, in, writes, func() { s.ledger.begin(token, request) })
	if err == nil {
		s.ledger.complete(token, s.config.Clock())
	}
	return consumed, err
}

// transact does all writes or none. Begun is called before the items are held. It needs
// the service's lock.
func (s *Service) transact(ctx context.Context, in *TransactWriteItemsInput, writes []*write, begun func()) ([]ConsumedCapacity, error) {
	for i, w := range writes {
		if w.invalid != nil {
			// A key or an item that does not fit its table cancels the
			// transaction before any condition is looked at.
			reasons := noReasons(len(writes))
			reasons[i] = CancellationReason{Code: "ValidationError", Message: wire.Message(w.invalid)}
			return nil, transactionCanceled(reasons)
		}
	}
	results, reasons := s.computeWrites(writes)
	var loads []load
	if reasons != nil {
		for i, w := range writes {
			if results[i].loads != nil {
				loads = append(loads, w.refusedLoad(transactionFactor))
			}
		}
		s.charge(transactWrite, "", loads)
		return nil, transactionCanceled(reasons)
	}
	for i, w := range writes {
		loads = append(loads, results[i].loads...)
		if !w.isCheck {
			w.table.write(w.id, results[i].old, results[i].next)
		}
	}
	consumed := s.charge(transactWrite, in.ReturnConsumedCapacity, loads)
	begun()
	s.hold(ctx, holders{transactions: 1}, writes...)
	return consumed, nil
}

// result is an item before and after a write, and what the write costs: nothing if it
// was refused before its item was looked at.
type result struct {
	old, next attribute.Item
	loads     []load
}

// computeWrites returns the result of each write, without writing any. If a write
// cannot be done, it also returns reasons, one for each element.
func (s *Service) computeWrites(writes []*write) ([]result, []CancellationReason) {
	results := make([]result, len(writes))
	reasons := noReasons(len(writes))
	failed := false
	for i, w := range writes {
		var refused *CancellationReason
		if results[i], refused = s.compute(w); refused != nil {
			reasons[i], failed = *refused, true
		}
	}
	if !failed {
		return results, nil
	}
	return results, reasons
}

// compute returns the result of one write of a transaction, or why it cannot be done.
func (s *Service) compute(w *write) (result, *CancellationReason) {
	if s.held[w.itemLocation].transactions > 0 {
		return result{}, &CancellationReason{Code: "TransactionConflict", Message: transactionConflict}
	}
	old := w.table.find(w.id).item()
	refused := result{loads: []load{w.refusedLoad(transactionFactor)}}
	if throttled := throttled(refused.loads, s.config.Clock()); throttled != nil {
		return result{}, throttled.reason()
	}
	if !w.condition.Holds(old) {
		reason := &CancellationReason{Code: "ConditionalCheckFailed", Message: conditionFailed}
		if w.oldOnFailure {
			reason.Item = old
		}
		return refused, reason
	}
	next, err := w.next(old)
	if err != nil {
		return refused, &CancellationReason{Code: "ValidationError", Message: wire.Message(err)}
	}
	loads := w.loads(old, next, transactionFactor)
	if throttled := throttled(loads, s.config.Clock()); throttled != nil {
		return result{}, throttled.reason()
	}
	return result{old, next, loads}, nil
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
