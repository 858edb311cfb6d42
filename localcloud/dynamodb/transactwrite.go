package dynamodb

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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

const (
	transactWrite = "TransactWriteItems"
	noReason      = "None"
)

// TransactWriteItems does all of its writes or none. The same token and the
// same request again within ten minutes succeed without effect.
func (s *Service) TransactWriteItems(ctx context.Context, in *TransactWriteItemsInput) (*TransactWriteItemsOutput, error) {
	if err := cmp.Or(checkTransaction(in), in.ReturnConsumedCapacity.check()); err != nil {
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
	actions := element.actions()
	if len(actions) != 1 {
		return nil, wire.ValidationError("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	prefix := fmt.Sprintf("transactItems.%d.member.", i+1)
	switch {
	case element.Update != nil && element.Update.UpdateExpression == nil:
		return nil, required(prefix + "update.updateExpression")
	case element.ConditionCheck != nil && element.ConditionCheck.ConditionExpression == nil:
		return nil, required(prefix + "conditionCheck.conditionExpression")
	}
	return s.plan(ctx, permission{action: actions[0].permission, table: actions[0].table, within: transactWrite}, actions[0].plan)
}

// action is the permission that an element needs, its table, and its plan.
type action struct {
	permission, table string
	plan              planner
}

// actions returns an action for each member that the element has.
func (e TransactWriteItem) actions() []action {
	var all []action
	if e.Put != nil {
		all = append(all, action{"PutItem", e.Put.TableName, e.Put.plan})
	}
	if e.Update != nil {
		all = append(all, action{"UpdateItem", e.Update.TableName, e.Update.plan})
	}
	if e.Delete != nil {
		all = append(all, action{"DeleteItem", e.Delete.TableName, e.Delete.plan})
	}
	if e.ConditionCheck != nil {
		all = append(all, action{"ConditionCheckItem", e.ConditionCheck.TableName, e.ConditionCheck.planCheck})
	}
	return all
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
		consumed, err := s.transact(in, writes)
		if err == nil {
			s.hold(ctx, holders{transactions: 1}, writes...)
		}
		return consumed, err
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
	consumed, err := s.transact(in, writes)
	if err != nil {
		return nil, err
	}
	s.ledger.begin(token, request)
	s.hold(ctx, holders{transactions: 1}, writes...)
	s.ledger.complete(token, s.config.Clock())
	return consumed, nil
}

// transact does all writes or none. It needs the service's lock.
func (s *Service) transact(in *TransactWriteItemsInput, writes []*write) ([]ConsumedCapacity, error) {
	reasons := newCancellation(len(writes))
	for i, w := range writes {
		if w.invalid != nil {
			// A key or an item that does not fit its table cancels the
			// transaction before any condition is looked at.
			reasons[i] = CancellationReason{Code: "ValidationError", Message: wire.Message(w.invalid)}
			return nil, reasons.failure()
		}
	}
	results := make([]result, len(writes))
	for i, w := range writes {
		var refused *refusal
		if results[i], refused = s.compute(w, transactionFactor); refused != nil {
			reasons[i] = refused.CancellationReason
		}
	}
	var loads []load
	if err := reasons.failure(); err != nil {
		for i, w := range writes {
			if results[i].loads != nil {
				loads = append(loads, w.refusedLoad(transactionFactor))
			}
		}
		s.charge(transactWrite, "", loads)
		return nil, err
	}
	for i, w := range writes {
		loads = append(loads, results[i].loads...)
		if !w.isCheck {
			w.table.write(w.id, results[i].old, results[i].next)
		}
	}
	return s.charge(transactWrite, in.ReturnConsumedCapacity, loads), nil
}

// cancellation has the reason of each element, of which those that are not refused have
// none.
type cancellation []CancellationReason

func newCancellation(count int) cancellation {
	return slices.Repeat(cancellation{{Code: noReason}}, count)
}

// failure returns the error of a transaction with these reasons, or nil if no element
// is refused.
func (c cancellation) failure() error {
	var codes []string
	refused := false
	for _, reason := range c {
		codes = append(codes, reason.Code)
		refused = refused || reason.Code != noReason
	}
	if !refused {
		return nil
	}
	failure := wire.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Members = map[string]any{"CancellationReasons": c}
	return failure
}

// tokenLifetime is how long after its completion a transaction is remembered.
const tokenLifetime = 10 * time.Minute

type fingerprint [sha256.Size]byte

// tokenLedger remembers the latest transactions by their tokens.
type tokenLedger struct {
	known map[string]tokenUse
	order []string // tokens of completed transactions, oldest first
}

// tokenUse is the transaction of a token.
type tokenUse struct {
	request   fingerprint
	completed time.Time // zero while it is in progress
}

// fingerprintOf returns a hash that is the same for the same elements, however
// they were written.
func fingerprintOf(elements []TransactWriteItem) (fingerprint, error) {
	written, err := json.Marshal(elements)
	if err != nil {
		return fingerprint{}, err
	}
	return sha256.Sum256(written), nil
}

// find drops the tokens that are too old and then looks for one.
func (l *tokenLedger) find(token string, now time.Time) (tokenUse, bool) {
	for len(l.order) > 0 && now.Sub(l.known[l.order[0]].completed) >= tokenLifetime {
		delete(l.known, l.order[0])
		l.order = l.order[1:]
	}
	found, isKnown := l.known[token]
	return found, isKnown
}

func (l *tokenLedger) begin(token string, request fingerprint) {
	if l.known == nil {
		l.known = make(map[string]tokenUse)
	}
	l.known[token] = tokenUse{request: request}
}

func (l *tokenLedger) complete(token string, now time.Time) {
	l.known[token] = tokenUse{request: l.known[token].request, completed: now}
	l.order = append(l.order, token)
}
