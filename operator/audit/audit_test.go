package audit_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// check audits a run and returns the violations of the invariants as text.
func check(t *testing.T, r *run) []string {
	t.Helper()
	violations, err := audit.Audit(r.language, r.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, violation := range violations {
		texts = append(texts, violation.String())
	}
	return texts
}

func TestWhatIsAllowedIsNoViolation(t *testing.T) {
	for name, change := range map[string]func(*run){
		"a run in which nothing went wrong": func(*run) {},
		"every event comes twice": func(r *run) {
			r.Published = append(r.Published, r.Published...)
			r.Notified = append(r.Notified, r.Notified...)
		},
		"events come in any order":                           func(r *run) { slices.Reverse(r.Published) },
		"what the endpoint received is unknown":              func(r *run) { r.Notified = nil },
		"the customer and the deadline both cancel":          func(r *run) { requestTwice(r, cancelled) },
		"the customer and the deadline both cancel too late": refuseTwice,
		"two orders are shipped": func(r *run) {
			r.ship("o-second")
			r.Tables[contract.SourceWarehouse].Counters["stock#123"][warehouse.CounterOnHand] -= 2
		},
		"an order is out of stock": runShort,
		"goods come in":            func(r *run) { r.begin("d-1", contract.StockReceived{SKU: "123", Quantity: 100}) },
		"a payment was declined": func(r *run) {
			r.Ledger["o-declined"] = sandbox.Entry{Amount: contract.Money{Amount: 1, Currency: "EUR"}}
		},
		"money was taken by a run that never committed": refundWithoutPayment,
		"a SKU has counters of an earlier version": func(r *run) {
			counters := r.Tables[contract.SourceWarehouse].Counters[warehouse.StockItem("123")]
			counters["reserved"], counters["shipped"] = 5, 7
		},
		"an award of an earlier version has no entry": func(r *run) {
			before := award
			before.ExpiresAt = time.Time{}
			r.set(r.Tables[contract.SourceLoyalty], shipped, before)
		},
		"an award is left of an order that is forgotten": func(r *run) {
			r.set(r.Tables[contract.SourceLoyalty], "o-forgotten", award)
		},
		"all orders are erased": func(r *run) { r.erase(shipped); r.erase(cancelled) },
		"one order is erased":   func(r *run) { r.erase(cancelled) },
		"the endpoint has erased it too": func(r *run) {
			r.erase(shipped)
			r.Notified = []event.Event{*r.of(cancelled, contract.OrderCancelled{})}
		},
		"the log has no events of an erased order any more": func(r *run) {
			r.erase(cancelled)
			r.Published = slices.DeleteFunc(r.Published, func(e event.Event) bool { return e.Subject == cancelled })
		},
		"some tombstones have expired": func(r *run) {
			r.erase(shipped)
			delete(r.Tables[contract.SourceWarehouse].Records, shipped)
		},
		"an event has the time of a clock that runs ahead": func(r *run) {
			r.erase(shipped)
			r.of(shipped, contract.OrderShipped{}).Time = erasedAt.Add(10 * time.Minute)
			r.Notified = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t)
			change(r)
			if got := check(t, r); len(got) > 0 {
				t.Errorf("the violations are\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// requestTwice requests the cancellation of an order by the customer and by the deadline.
func requestTwice(r *run, id string) [2]event.Event {
	command := event.Event{ID: "deadline of " + id, Source: "test", Subject: id, CorrelationID: "saga of " + id}
	return [2]event.Event{
		r.begin(id, contract.CancellationRequested{Reason: contract.CancelledByCustomer}),
		r.add(event.Cause{Event: command, IsCommand: true}, contract.CancellationRequested{Reason: contract.TimedOut}, 1),
	}
}

func refuseTwice(r *run) {
	for _, request := range requestTwice(r, shipped) {
		r.publish(request, contract.CancellationRefused{})
	}
}

// runShort adds an order for which there is no stock.
func runShort(r *run) {
	const id, reason = "o-short", contract.OutOfStock
	unavailable := r.publish(r.begin(id, basket(id)), contract.StockUnavailable{Missing: []string{"123"}, Reason: reason})
	r.notify(r.publish(unavailable, contract.OrderCancelled{Reason: reason}))
	r.set(r.Tables[contract.SourceOrder], id, order.State{Progress: order.Placed, Rollback: order.RollbackComplete, Reason: reason})
	r.set(r.Tables[contract.SourceWarehouse], id, warehouse.State{Status: warehouse.Unavailable})
}

func refundWithoutPayment(r *run) {
	r.Published = slices.DeleteFunc(r.Published, func(e event.Event) bool {
		return e.Subject == cancelled && (e.Type == "payment.taken" || e.Type == "loyalty.points-awarded")
	})
	r.of(cancelled, contract.ShipmentFailed{}).CausationID = r.of(cancelled, contract.OrderPlaced{}).ID
}

// tampered is a run in which an invariant does not hold, and how the violations
// begin.
type tampered struct {
	change func(*run)
	want   []string
}

func TestEveryInvariantThatDoesNotHoldIsFound(t *testing.T) {
	cases := make(map[string]tampered)
	for _, some := range []map[string]tampered{ends(), effects(), steps(), undone(), repeats(), returns(), contradictions(), stock(), pieces(), balances(), lineage(), arrivals(), erasures()} {
		maps.Copy(cases, some)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRun(t)
			c.change(r)
			got := check(t, r)
			if !slices.EqualFunc(c.want, got, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
				t.Errorf("the violations (-want +got):\n%s", cmp.Diff(c.want, got))
			}
		})
	}
}

func ends() map[string]tampered {
	return map[string]tampered{
		"an order has not ended": {func(r *run) {
			r.Published = slices.DeleteFunc(r.Published, func(e event.Event) bool { return e.Type == "order.cancelled" })
			r.set(r.Tables[contract.SourceOrder], cancelled, order.State{Progress: order.Awarded, Rollback: order.RollbackRunning})
		}, []string{"invariant 1: order o-cancelled: has not ended: it is cancelling"}},
		"an order is shipped and cancelled": {func(r *run) {
			r.notify(r.publish(*r.of(shipped, contract.OrderShipped{}), contract.OrderCancelled{Reason: contract.TimedOut}))
		}, []string{
			"invariant 1: order o-shipped: shipped and cancelled",
			"invariant 3: order o-shipped: order.cancelled does not follow from the end of its rollback",
		}},
		"an order is called cancelled before its rollback has ended": {func(r *run) {
			r.of(cancelled, contract.OrderCancelled{}).CausationID = r.of(cancelled, contract.PaymentRefunded{}).ID
		}, []string{"invariant 3: order o-cancelled: order.cancelled does not follow from the end of its rollback"}},
		"the order context has not ended": {func(r *run) {
			r.set(r.Tables[contract.SourceOrder], cancelled, order.State{Progress: order.Awarded, Rollback: order.RollbackRunning})
		}, []string{"invariant 1: order o-cancelled: cancelled, but the order context has the status cancelling"}},
	}
}

func effects() map[string]tampered {
	return map[string]tampered{
		"a step is done twice": {func(r *run) {
			cause := event.Cause{Event: *r.of(shipped, contract.StockReserved{})}
			r.add(cause, contract.PaymentTaken{CustomerID: customer, Amount: basket(shipped).Total()}, 1)
		}, []string{"invariant 2: order o-shipped: 2 different payment.taken"}},
		"an event id has two contents": {func(r *run) {
			other := *r.of(shipped, contract.StockReserved{})
			other.Time = other.Time.Add(time.Second)
			r.Published = append(r.Published, other)
		}, []string{"invariant 2: order o-shipped: event warehouse/"}},
		"an order is shipped without its award": {func(r *run) {
			awarded := *r.of(shipped, contract.PointsAwarded{})
			r.Published = slices.DeleteFunc(r.Published, func(e event.Event) bool { return e.ID == awarded.ID })
			r.of(shipped, contract.OrderShipped{}).CausationID = awarded.CausationID
		}, []string{
			"invariant 3: order o-shipped: shipped without loyalty.points-awarded",
			"invariant 5: order o-shipped: the customer has 25 points of it, but earned 0",
		}},
		"a shipped order is refunded": {func(r *run) {
			r.publish(*r.of(shipped, contract.PaymentTaken{}), contract.PaymentRefunded{Amount: basket(shipped).Total(), Reason: contract.TimedOut})
		}, []string{"invariant 3: order o-shipped: shipped, and yet payment.refunded"}},
		"the stock of a cancelled order is still held": {func(r *run) {
			r.set(r.Tables[contract.SourceWarehouse], cancelled, warehouse.State{Status: warehouse.Failing})
		}, []string{"invariant 3: order o-cancelled: cancelled, but the warehouse has the status failing"}},
		"the award of a shipped order is gone": {func(r *run) {
			delete(r.Tables[contract.SourceLoyalty].Records, shipped)
		}, []string{
			`invariant 3: order o-shipped: shipped, but the warehouse has the status shipped, loyalty ""`,
			"invariant 5: order o-shipped: the customer has 0 points of it, but earned 25",
		}},
	}
}

func returns() map[string]tampered {
	return map[string]tampered{
		"not all is refunded": {func(r *run) {
			r.rewrite(r.of(cancelled, contract.PaymentRefunded{}),
				contract.PaymentRefunded{Amount: contract.Money{Amount: 1, Currency: "EUR"}, Reason: contract.Undeliverable})
		}, []string{"invariant 3: order o-cancelled: took {2500 EUR}, but refunded {1 EUR}"}},
		"not all is released": {func(r *run) {
			r.rewrite(r.of(cancelled, contract.StockReleased{}),
				contract.StockReleased{Items: []contract.Stock{}, Reason: contract.Undeliverable})
		}, []string{"invariant 3: order o-cancelled: reserved [{123 2}], but released []"}},
		"not all points are revoked": {func(r *run) {
			r.rewrite(r.of(cancelled, contract.PointsRevoked{}), contract.PointsRevoked{Points: 24, Reason: contract.Undeliverable})
		}, []string{"invariant 3: order o-cancelled: awarded 25 points, but revoked 24"}},
	}
}

func stock() map[string]tampered {
	sku := warehouse.StockItem("123")
	count := func(received, onHand int64) func(*run) {
		return func(r *run) {
			r.Tables[contract.SourceWarehouse].Counters[sku] = map[string]int64{
				warehouse.CounterReceived: received, warehouse.CounterOnHand: onHand,
			}
		}
	}
	record := func(id string, s warehouse.State) func(*run) {
		return func(r *run) { r.set(r.Tables[contract.SourceWarehouse], id, s) }
	}
	const received = "invariant 4: stock#123: received "
	return map[string]tampered{
		"goods are lost":                 {count(100, 97), []string{received + "100, but there are 97 on hand, and 0 reserved and 2 shipped"}},
		"stock is negative":              {count(1, -1), []string{received + "1, and -1 are on hand"}},
		"more goods than were received":  {count(1, 0), []string{received + "1, but there are 0 on hand, and 0 reserved and 2 shipped"}},
		"released goods are not on hand": {count(100, 96), []string{received + "100, but there are 96 on hand"}},
		"goods stay reserved": {record(cancelled, warehouse.State{Status: warehouse.Failing, Items: stockOf(2)}), []string{
			"invariant 3: order o-cancelled: cancelled, but the warehouse has the status failing",
			"invariant 4: stock#123: 2 are still reserved",
			received + "100, but there are 98 on hand, and 2 reserved and 2 shipped",
		}},
		"more is gone than was shipped": {func(r *run) {
			count(100, 97)(r)
			record(shipped, warehouse.State{Status: warehouse.Shipped, Items: stockOf(3)})(r)
		}, []string{"invariant 4: order o-shipped: [{123 3}] were shipped, but warehouse.order-shipped has [{123 2}]"}},
		"an order that was never accepted is shipped": {func(r *run) {
			count(100, 97)(r)
			record("o-unknown", warehouse.State{Status: warehouse.Shipped, Items: stockOf(1)})(r)
		}, []string{"invariant 4: order o-unknown: [{123 1}] were shipped, but the order was never accepted"}},
		"shards have more than they were lent": {func(r *run) {
			count(100, 88)(r)
			r.Tables[contract.SourceWarehouse].Counters["shard_63#123"] = map[string]int64{warehouse.CounterOnHand: 4}
			r.Tables[contract.SourceWarehouse].Counters["shard_65#123"] = map[string]int64{warehouse.CounterOnHand: 6}
		}, []string{"invariant 4: group 0 of SKU 123 has 4 more than it was lent", "invariant 4: group 1 of SKU 123 has 6 more than it was lent"}},
		"an item of no SKU has goods": {func(r *run) {
			r.Tables[contract.SourceWarehouse].Counters["pallet#123"] = map[string]int64{warehouse.CounterReceived: 5}
		}, []string{"invariant 4: pallet#123: received 5, but there are 0 on hand"}},
		"a shard is negative": {func(r *run) {
			count(100, 99)(r)
			r.Tables[contract.SourceWarehouse].Counters["shard_7#123"] = map[string]int64{warehouse.CounterOnHand: -1, warehouse.CounterTaken: 1}
		}, []string{"invariant 4: shard_7#123: a counter is -1"}},
		"a shard has lost goods": {func(r *run) {
			r.Tables[contract.SourceWarehouse].Counters[sku] = map[string]int64{warehouse.CounterReceived: 100, warehouse.CounterOnHand: 88, "lent_0": 10}
			r.Tables[contract.SourceWarehouse].Counters["shard_7#123"] = map[string]int64{warehouse.CounterOnHand: 9}
		}, []string{"invariant 4: group 0 of SKU 123 has -1 more than it was lent", received + "100, but there are 97 on hand"}},
		"goods are shipped that were never received": {func(r *run) {
			delete(r.Tables[contract.SourceWarehouse].Counters, sku)
		}, []string{received + "0, but there are 0 on hand, and 0 reserved and 2 shipped"}},
	}
}

func balances() map[string]tampered {
	return map[string]tampered{
		"money is kept that is not owed": {func(r *run) {
			r.Ledger["o-unknown"] = sandbox.Entry{Amount: contract.Money{Amount: 7, Currency: "EUR"}, Accepted: true}
		}, []string{"invariant 5: the shipped orders cost map[EUR:2500], but map[EUR:2507] was kept"}},
		"a customer has points that were not earned": {func(r *run) {
			more := award
			more.Points = 28
			r.set(r.Tables[contract.SourceLoyalty], shipped, more)
		}, []string{"invariant 5: order o-shipped: the customer has 28 points of it, but earned 25"}},
		"a customer has points of a cancelled order": {func(r *run) {
			r.set(r.Tables[contract.SourceLoyalty], cancelled, award)
		}, []string{
			"invariant 3: order o-cancelled: cancelled, but the warehouse has the status released, loyalty \"awarded\"",
			"invariant 5: order o-cancelled: the customer has 25 points of it, but earned 0",
		}},
		"another customer has the points": {func(r *run) {
			others := award
			others.CustomerID = "c-1"
			r.set(r.Tables[contract.SourceLoyalty], shipped, others)
		}, []string{"invariant 5: order o-shipped: another customer has the points of it"}},
		"an award has no entry": {func(r *run) {
			r.enter(shipped, participant.Entry{})
		}, []string{"invariant 5: order o-shipped: its award has 25 points, and its record another entry, of 0"}},
		"the entry of an award is of another account": {func(r *run) {
			others := award.Entry()
			others.Account = loyalty.CustomerAccount("c-1")
			r.enter(shipped, others)
		}, []string{"invariant 5: order o-shipped: its award has 25 points, and its record another entry, of 25"}},
		"a revoked award keeps its entry": {func(r *run) {
			r.enter(cancelled, award.Entry())
		}, []string{"invariant 5: order o-cancelled: its award has 0 points, and its record another entry, of 25"}},
	}
}

func lineage() map[string]tampered {
	return map[string]tampered{
		"what was published is no event": {func(r *run) {
			r.Malformed = append(r.Malformed, "because")
		}, []string{"invariant 6: published, but not an event: because"}},
		"the data is against the schema": {func(r *run) {
			r.rewrite(r.of(cancelled, contract.ShipmentFailed{}), map[string]string{"reason": "bored"})
		}, []string{"invariant 6: order o-cancelled: invalid event: data of warehouse.shipment-failed"}},
		"the order was never accepted": {func(r *run) {
			r.begin("o-unknown", contract.CancellationRequested{Reason: contract.TimedOut})
		}, []string{"invariant 6: order o-unknown: order.cancellation-requested of an order that was never accepted"}},
		"the correlation id is another one": {func(r *run) {
			r.of(cancelled, contract.ShipmentFailed{}).CorrelationID = "other"
		}, []string{"invariant 6: order o-cancelled: warehouse.shipment-failed has the correlation id other, not saga of o-cancelled"}},
		"the cause was never published": {func(r *run) {
			r.of(cancelled, contract.ShipmentFailed{}).CausationID = "other"
		}, []string{`invariant 6: order o-cancelled: warehouse.shipment-failed was caused by "other", which was never published`}},
		"the beginning has a cause": {func(r *run) {
			r.of(cancelled, contract.OrderPlaced{}).CausationID = "other"
		}, []string{"invariant 6: order o-cancelled: order.placed was caused by other, but it begins"}},
	}
}

func arrivals() map[string]tampered {
	return map[string]tampered{
		"an end was never notified": {func(r *run) {
			r.Notified = r.Notified[:1]
		}, []string{"invariant 7: order o-cancelled: order.cancelled was never notified"}},
		"a shipment was never notified": {func(r *run) {
			r.Notified = r.Notified[1:]
		}, []string{"invariant 7: order o-shipped: warehouse.order-shipped was never notified"}},
		"there are dead letters": {func(r *run) {
			r.DeadLetters["Warehouse/DeadLetters"] = 2
		}, []string{"invariant 8: 2 messages in the dead-letter queue Warehouse/DeadLetters"}},
	}
}

func TestAStateThatCannotBeReadIsAnError(t *testing.T) {
	for _, name := range []string{contract.SourceOrder, contract.SourceWarehouse, contract.SourceLoyalty} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t)
			r.Tables[name].Records[shipped] = participant.Record{Subject: shipped, State: []byte(`"`)}
			if _, err := audit.Audit(r.language, r.Evidence); err == nil || !strings.Contains(err.Error(), shipped) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAStateThatOnlyOneCheckReadsIsReadToo(t *testing.T) {
	unreadable := func(id string) participant.Record { return participant.Record{Subject: id, State: []byte(`"`)} }
	for name, change := range map[string]func(*run){
		"the award of an erased order": func(r *run) {
			r.erase(shipped)
			r.Tables[contract.SourceLoyalty].Records[shipped] = unreadable(shipped)
		},
		"an order that was never accepted": func(r *run) {
			r.Tables[contract.SourceWarehouse].Records["o-unknown"] = unreadable("o-unknown")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t)
			change(r)
			if _, err := audit.Audit(r.language, r.Evidence); err == nil || !strings.Contains(err.Error(), "the state of o-") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestEvidenceWithoutTheTableOfAContextIsAnError(t *testing.T) {
	for _, name := range contract.Catalogue().Contexts() {
		r := newRun(t)
		delete(r.Tables, name)
		if _, err := audit.Audit(r.language, r.Evidence); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without the table of %s the error is %v", name, err)
		}
	}
}

func erasures() map[string]tampered {
	const more = " has more than that it is erased"
	erased := func(change func(*run)) func(*run) {
		return func(r *run) {
			r.erase(shipped)
			change(r)
		}
	}
	return map[string]tampered{
		"a tombstone has a customer": {erased(func(r *run) {
			r.bury(r.Tables[contract.SourceWarehouse], shipped, warehouse.State{Status: warehouse.Erased, CustomerID: customer})
		}), []string{"invariant 10: order o-shipped: its tombstone in the warehouse context" + more}},
		"a tombstone has an unknown member": {erased(func(r *run) {
			r.bury(r.Tables[contract.SourcePayment], shipped, map[string]string{"status": "erased", "address": "23 Fake Street"})
		}), []string{"invariant 10: order o-shipped: its tombstone in the payment context" + more}},
		"a tombstone has what was published": {erased(func(r *run) {
			record := r.Tables[contract.SourceOrder].Records[shipped]
			record.Handled = []participant.Handled{{Published: r.Published[:1]}}
			r.Tables[contract.SourceOrder].Records[shipped] = record
		}), []string{"invariant 10: order o-shipped: its tombstone in the order context" + more}},
		"a context still has the order": {erased(func(r *run) {
			r.set(r.Tables[contract.SourceLoyalty], shipped, loyalty.State{Status: loyalty.Awarded, CustomerID: customer})
		}), []string{"invariant 10: order o-shipped: it is erased, but not in the loyalty context"}},
		"an event is published after the erasure": {erased(func(r *run) {
			r.of(shipped, contract.PaymentTaken{}).Time = erasedAt.Add(10*time.Minute + time.Second)
		}), []string{"invariant 10: order o-shipped: payment.taken "}},
		"an erased order begins again": {erased(func(r *run) {
			again := *r.of(shipped, contract.StockReserved{})
			again.Time = erasedAt.Add(time.Hour)
			r.Published = append(r.Published, again)
		}), []string{"invariant 2: order o-shipped: event warehouse/"}},
		"an erasure was not completed": {func(r *run) {
			r.bury(r.Tables[contract.SourceWarehouse], shipped, warehouse.State{Status: warehouse.Erased})
			r.bury(r.Tables[contract.SourceLoyalty], shipped, loyalty.State{Status: loyalty.Erased})
		}, []string{
			"invariant 10: order o-shipped: it is erased in the loyalty context, but not in the order context: erase its customer again",
			"invariant 10: order o-shipped: it is erased in the warehouse context, but not in the order context: erase its customer again",
		}},
		"a customer keeps the points of an erased order": {erased(func(r *run) {
			r.enter(shipped, award.Entry())
		}), []string{
			"invariant 5: order o-shipped: its award has 0 points, and its record another entry, of 25",
			"invariant 10: order o-shipped: its tombstone in the loyalty context" + more,
		}},
		"money of an order that is not erased is missing": {func(r *run) {
			r.erase(cancelled)
			delete(r.Ledger, shipped)
		}, []string{
			"invariant 3: order o-shipped: shipped, but the warehouse has the status shipped",
			"invariant 5: the shipped orders cost map[EUR:2500], but map[] was kept",
		}},
		"the pieces of an erased order are back": {func(r *run) {
			r.erase(shipped)
			r.Tables[contract.SourceWarehouse].Counters[warehouse.StockItem("123")] = map[string]int64{warehouse.CounterReceived: 100, warehouse.CounterOnHand: 100}
		}, []string{"invariant 4: stock#123: received 100, but there are 100 on hand, and 0 reserved and 2 shipped"}},
	}
}
