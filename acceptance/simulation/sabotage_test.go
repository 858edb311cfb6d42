package simulation

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// noRefunds is a gateway that refunds nothing.
type noRefunds struct{ payment.Gateway }

func (noRefunds) Refund(context.Context, string) (contract.Money, error) {
	return contract.Money{}, nil
}

// noBars is a ledger that does not keep that a reference is barred.
type noBars struct{ paymentsandbox.Ledger }

func (f noBars) Bar(ctx context.Context, reference string) (paymentsandbox.Entry, error) {
	return f.Open(ctx, reference, paymentsandbox.Entry{Barred: true})
}

// mistake is a mistake in the decisions of a component, or in what they run on.
type mistake struct {
	component string
	make      func(*decisions, paymentsandbox.Ledger)
}

// batching is the component of a mistake in the handling of batches, in every context.
const batching = "batching"

// before returns a decision that changes its state and its input first.
func before[S any](right participant.Decide[S], change func(*S, *participant.Input)) participant.Decide[S] {
	return func(ctx context.Context, s S, in participant.Input) (participant.Decision[S], error) {
		change(&s, &in)
		return right(ctx, s, in)
	}
}

// after returns a decision that changes its result.
func after[S any](right participant.Decide[S], change func(S, participant.Input, *participant.Decision[S])) participant.Decide[S] {
	return func(ctx context.Context, s S, in participant.Input) (participant.Decision[S], error) {
		decision, err := right(ctx, s, in)
		change(s, in, &decision)
		return decision, err
	}
}

// mistakes returns mistakes by what is wrong.
func mistakes() map[string]mistake {
	return map[string]mistake{
		"the payment is not refunded": {contract.SourcePayment, func(d *decisions, l paymentsandbox.Ledger) {
			d.payment = payment.Decider(noRefunds{paymentsandbox.Provider{Ledger: l}})
		}},
		"a refund does not bar the charge": {contract.SourcePayment, func(d *decisions, l paymentsandbox.Ledger) {
			d.payment = payment.Decider(paymentsandbox.Provider{Ledger: noBars{l}})
		}},
		"the warehouse ships a cancelled order": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = before(d.warehouse, func(s *warehouse.State, in *participant.Input) {
				if _, awarded := in.Data.(contract.PointsAwarded); awarded && s.Status == warehouse.Failing {
					s.Status = warehouse.Reserved
				}
			})
		}},
		"the stock is not released": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = after(d.warehouse, func(_ warehouse.State, _ participant.Input, decision *warehouse.Decision) {
				if decision.State.Status == warehouse.Released {
					decision.Adjustments = nil
				}
			})
		}},
		"the shipment takes the stock again": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = after(d.warehouse, func(s warehouse.State, in participant.Input, decision *warehouse.Decision) {
				if s.Status != warehouse.Shipped && len(in.Refused) == 0 {
					for _, shipped := range decision.State.Shipped() {
						decision.Adjustments = append(decision.Adjustments, participant.Adjustment{
							Item: warehouse.StockItem(shipped.SKU), Add: map[string]int64{warehouse.CounterOnHand: -shipped.Quantity},
						})
					}
				}
			})
		}},
		"the record of a shipped order has no pieces": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = after(d.warehouse, func(_ warehouse.State, _ participant.Input, decision *warehouse.Decision) {
				if decision.State.Status == warehouse.Shipped {
					decision.State.Items = nil
				}
			})
		}},
		"the warehouse ignores a tombstone": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.warehouse = before(d.warehouse, func(s *warehouse.State, in *participant.Input) {
				if _, placed := in.Data.(contract.OrderPlaced); placed {
					*s = warehouse.State{}
				}
			})
		}},
		"loyalty awards points that are revoked": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.loyalty = before(d.loyalty, func(s *loyalty.State, in *participant.Input) {
				if _, taken := in.Data.(contract.PaymentTaken); taken {
					*s = loyalty.State{}
				}
			})
		}},
		"the order context does not publish the cancellation": {contract.SourceOrder, func(d *decisions, _ paymentsandbox.Ledger) {
			d.order = after(d.order, func(_ order.State, in participant.Input, decision *order.Decision) {
				if _, unavailable := in.Data.(contract.StockUnavailable); unavailable {
					decision.Events = nil
				}
			})
		}},
		"an order has no deadline": {contract.SourceOrder, func(d *decisions, _ paymentsandbox.Ledger) {
			d.order = before(d.order, func(_ *order.State, in *participant.Input) {
				if place, placed := in.Data.(order.Place); placed {
					place.Deadline = time.Time{}
					in.Data = place
				}
			})
		}},
		"an erasure misses a context": {erasing, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) {
				right, elsewhere := w.deployed.Store, newStore(w, "elsewhere")
				w.deployed.Store = func(source string) participant.Store {
					if source == contract.SourcePayment {
						return elsewhere
					}
					return right(source)
				}
			}
		}},
		"a revoked award stays in the customer's account": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) { w.stores[contract.SourceLoyalty].keepsEntries = true }
		}},
		"a context loses the tombstone of an erased order": {erasing, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) { w.stores[contract.SourceWarehouse].losesTombstones = true }
			d.warehouse = before(d.warehouse, func(s *warehouse.State, _ *participant.Input) {
				if s.Status == warehouse.Erased {
					*s = warehouse.State{}
				}
			})
		}},
		"an optimistic write replaces a record that stands": {contract.SourceWarehouse, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) { w.stores[contract.SourceWarehouse].overwrites = true }
		}},
		"a batch returns the error of one event for another": {batching, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) {
				for i, c := range w.consumers {
					if c.handleBatch == nil {
						continue
					}
					w.consumers[i].handleBatch = func(ctx context.Context, deliveries []event.Delivery) []error {
						errs := c.handleBatch(ctx, deliveries)
						return append(errs[1:], errs[0])
					}
				}
			}
		}},
		"data is dropped before it is known to be published": {contract.SourcePayment, func(d *decisions, _ paymentsandbox.Ledger) {
			d.tamper = func(w *world) { w.stores[contract.SourcePayment].dropsData = true }
		}},
		"an event is not published": {contract.SourceLoyalty, func(d *decisions, _ paymentsandbox.Ledger) {
			d.loyalty = after(d.loyalty, func(s loyalty.State, _ participant.Input, decision *loyalty.Decision) {
				if decision.State.Status == loyalty.Revoked && s.Status == loyalty.Unknown {
					decision.Events = nil
				}
			})
		}},
	}
}

func TestEveryMistakeIsFoundAndShrunkToAShortHistory(t *testing.T) {
	if detectsRaces || testing.Short() {
		t.Skip("takes a minute, with the race detector minutes, and runs the same concurrent code as the property test")
	}
	language := newLanguage(t)
	var rows [][]string
	var mu sync.Mutex
	t.Run("found", func(t *testing.T) {
		for name, mistake := range mistakes() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				seed, lines := findAndShrink(t, language, mistake)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, []string{name, strconv.FormatUint(seed, 10), strconv.Itoa(lines)})
			})
		}
	})
	slices.SortFunc(rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	rows = append([][]string{{"mistake", "histories", "lines"}}, rows...)
	generated.CheckBetween(t, proofDocument, map[string]string{"mistakes found by the simulation": markdown.Table(rows, "--:")}, *update)
}

// findAndShrink returns the first seed, beginning with 1, with which a mistake is found, and
// how many lines the shrunk history has.
func findAndShrink(t *testing.T, language participant.Language, m mistake) (seed uint64, lines int) {
	t.Helper()
	s := simulation{language, func(l paymentsandbox.Ledger) decisions {
		d := sandboxed(l)
		m.make(&d, l)
		return d
	}, 50}
	_, failed, err := s.search(t.Context(), 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	if failed == nil {
		t.Fatal("no invariant is violated")
	}
	t.Logf("seed %d, shrunk:\n%s", failed.seed, failed)
	lines = len(failed.log)
	if replay := slices.Index(failed.log, replayBegins); replay >= 0 {
		lines = replay
	}
	if lines > 60 {
		t.Errorf("the history has %d lines, at most 60 are allowed", lines)
	}
	return failed.seed, lines
}
