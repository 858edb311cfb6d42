package dynamodb

import (
	"maps"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// once does a transaction unless its token says that it was done already; then
// it costs only what reading its items costs. A cancelled transaction leaves
// its token free.
func (s *Service) once(token *string, request fingerprint, writes []*write, wantsCapacity bool) ([]ConsumedCapacity, error) {
	if token == nil {
		return transact(writes, wantsCapacity)
	}
	now := s.config.Clock()
	done, known := s.ledger.find(*token, now)
	switch {
	case known && done != request:
		return nil, wire.Errorf("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.")
	case known:
		costs := make(bill)
		for _, w := range writes {
			costs.on(w.table).read += transactional * readUnits(w.table.size(w.id), true)
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
			return nil, cancelled(reasons)
		}
	}
	costs := make(bill)
	results, reasons := prepare(writes)
	if reasons != nil {
		for _, w := range writes {
			costs.on(w.table).write += transactional * writeUnits(w.table.size(w.id))
		}
		costs.charge(transactWrite, false)
		return nil, cancelled(reasons)
	}
	for i, w := range writes {
		c := costs.on(w.table)
		if w.isCheck {
			c.write += transactional * writeUnits(w.table.size(w.id))
			continue
		}
		own, indexes := w.table.write(w.id, results[i])
		c.write += transactional*own + indexes
	}
	return costs.charge(transactWrite, wantsCapacity), nil
}

// prepare works out every write without doing any. It gives reasons if at
// least one of them cannot be done: one for each element.
func prepare(writes []*write) ([]attribute.Item, []CancellationReason) {
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

func cancelled(reasons []CancellationReason) error {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = reason.Code
	}
	failure := wire.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Members = map[string]any{"CancellationReasons": reasons}
	return failure
}
