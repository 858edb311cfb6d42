package dynamodb

import (
	"context"

	"example.com/saga/localcloud/wire"
)

// conflict is the refusal because of another request for the same item.
func conflict() *refusal {
	const message = "Transaction is ongoing for the item"
	return &refusal{CancellationReason{Code: "TransactionConflict", Message: message}, wire.Errorf("TransactionConflictException", message)}
}

// Conflict returns the error of a write whose item is in a transaction.
func Conflict() error { return conflict().alone }

// TransactionConflict returns the error of a transaction of so many elements, the first of
// which is for an item in another one.
func TransactionConflict(elements int) error {
	reasons := newCancellation(elements)
	reasons[0] = conflict().CancellationReason
	return reasons.failure()
}

// holders counts the calls that have written an item and are not answered yet.
//
// A write by itself conflicts with a transaction, a transaction that writes with
// another one, and a transaction that reads with both; two writes do not conflict.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
type holders struct{ transactions, writes int }

// hold lets a call last as long as it is to last, with its items held. A call without
// a delay is over at once. It needs the service's lock, and releases it meanwhile.
func (s *Service) hold(ctx context.Context, by holders, writes ...*write) {
	wait := wire.Delay(ctx)
	if wait == nil {
		return
	}
	s.count(by, writes)
	s.mutex.Unlock()
	wait()
	s.mutex.Lock()
	s.count(holders{-by.transactions, -by.writes}, writes)
}

func (s *Service) count(by holders, writes []*write) {
	for _, w := range writes {
		held := s.held[w.itemLocation]
		held = holders{held.transactions + by.transactions, held.writes + by.writes}
		if held == (holders{}) {
			delete(s.held, w.itemLocation)
			continue
		}
		s.held[w.itemLocation] = held
	}
}
