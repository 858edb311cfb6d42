package simulation

import (
	"context"
	"errors"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// peekingLedger is a ledger of which an entry can be read without a call.
type peekingLedger struct {
	paymentsandbox.Ledger

	entry func(reference string) (paymentsandbox.Entry, bool)
}

// refundsOnce is a ledger in which a second refund of a reference returns nothing.
type refundsOnce struct{ peekingLedger }

func (l refundsOnce) Bar(ctx context.Context, reference string) (paymentsandbox.Entry, error) {
	if before, _ := l.entry(reference); before.Barred {
		return paymentsandbox.Entry{}, nil
	}
	return l.Ledger.Bar(ctx, reference)
}

// chargesOnce is a ledger in which a second charge of a reference is declined.
type chargesOnce struct{ peekingLedger }

func (l chargesOnce) Open(ctx context.Context, reference string, entry paymentsandbox.Entry) (paymentsandbox.Entry, error) {
	if _, known := l.entry(reference); known {
		return paymentsandbox.Entry{}, nil
	}
	return l.Ledger.Open(ctx, reference, entry)
}

// withPeekingLedger makes the payment context with a ledger that is made of a peeking one.
func withPeekingLedger(made func(peekingLedger) paymentsandbox.Ledger) func(*decisions, paymentsandbox.Ledger) {
	return func(d *decisions, l paymentsandbox.Ledger) {
		var w *world
		d.tamper = func(made *world) { w = made }
		peeking := peekingLedger{l, func(reference string) (paymentsandbox.Entry, bool) {
			entry, known := w.ledger.entries[reference]
			return entry, known
		}}
		d.payment = payment.Decider(paymentsandbox.Provider{Ledger: made(peeking)})
	}
}

// exploredMistakes returns the mistakes that the explorer has to find besides those of the
// simulation.
func exploredMistakes() map[string]mistake {
	return map[string]mistake{
		"a repeated refund returns nothing": {contract.SourcePayment, withPeekingLedger(func(l peekingLedger) paymentsandbox.Ledger { return refundsOnce{l} })},
		"a repeated charge is declined":     {contract.SourcePayment, withPeekingLedger(func(l peekingLedger) paymentsandbox.Ledger { return chargesOnce{l} })},
		"the warehouse writes no tombstone": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = after(d.warehouse, func(s warehouse.State, _ participant.Input, decision *warehouse.Decision) {
				if decision.State.Status == warehouse.Failing && s.Status == warehouse.Unknown {
					decision.State = s
				}
			})
		}},
		"loyalty writes no tombstone": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.loyalty = after(d.loyalty, func(s loyalty.State, _ participant.Input, decision *loyalty.Decision) {
				if decision.State.Status == loyalty.Revoked && s.Status == loyalty.Unknown {
					decision.State = s
				}
			})
		}},
		"a shipped order can be cancelled": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = before(d.warehouse, func(s *warehouse.State, in *participant.Input) {
				if _, requested := in.Data.(contract.CancellationRequested); requested && s.Status == warehouse.Shipped {
					s.Status = warehouse.Reserved
				}
			})
		}},
		"stock is released before the payment is refunded": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = after(d.warehouse, func(s warehouse.State, _ participant.Input, decision *warehouse.Decision) {
				if decision.State.Status != warehouse.Failing || s.Status != warehouse.Reserved {
					return
				}
				for _, held := range s.Items {
					decision.Adjustments = append(decision.Adjustments, participant.Adjustment{
						Item: warehouse.StockItem(held.SKU), Add: map[string]int64{warehouse.CounterOnHand: held.Quantity},
					})
				}
			})
		}},
		"a commit after the first has no condition": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) { w.stores[contract.SourceWarehouse].isUnconditional = true }
		}},
		"a failed publication is acknowledged": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) {
				for i, c := range w.consumers {
					w.consumers[i].handle = func(ctx context.Context, e event.Event) error {
						if err := c.handle(ctx, e); !errors.Is(err, participant.ErrUnpublished) {
							return err
						}
						return nil
					}
				}
			}
		}},
		"a redelivered event is also handled as a new one": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) {
				i := slices.IndexFunc(w.consumers, func(c consumer) bool { return c.name == contract.SourceLoyalty })
				right := w.consumers[i].handle
				w.consumers[i].handle = func(ctx context.Context, e event.Event) error {
					known := w.stores[contract.SourceLoyalty].Records()[e.Subject].Handled
					err := right(ctx, e)
					if err == nil && slices.ContainsFunc(known, func(h participant.Handled) bool { return h.ID == e.ID }) {
						e.ID += " again"
						err = right(ctx, e)
					}
					return err
				}
			}
		}},
		"a cancellation does not wait for the warehouse": {contract.SourceOrder, func(d *decisions, _ paymentsandbox.Ledger) {
			d.order = after(d.order, func(_ order.State, _ participant.Input, decision *order.Decision) {
				if decision.State.Rollback == order.RollbackRequested {
					decision.State.Rollback = order.RollbackComplete
				}
			})
		}},
	}
}
