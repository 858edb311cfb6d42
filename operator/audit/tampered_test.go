package audit_test

import (
	"encoding/json"
	"slices"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// remove removes an event of an order. What it caused is caused by its own cause.
func (r *run) remove(id string, data event.Data) {
	removed := *r.of(id, data)
	r.Published = slices.DeleteFunc(r.Published, func(e event.Event) bool { return e.ID == removed.ID })
	for i := range r.Published {
		if r.Published[i].CausationID == removed.ID {
			r.Published[i].CausationID = removed.CausationID
		}
	}
}

// steps are runs in which a step of the shipped order is missing.
func steps() map[string]tampered {
	const without = "invariant 3: order o-shipped: shipped without "
	return map[string]tampered{
		"an order is shipped without its reservation": {func(r *run) {
			r.remove(shipped, contract.StockReserved{})
		}, []string{without + "warehouse.stock-reserved"}},
		"an order is shipped without its payment": {func(r *run) {
			r.remove(shipped, contract.PaymentTaken{})
		}, []string{without + "payment.taken"}},
		"an order is shipped without having been placed": {func(r *run) {
			r.remove(shipped, contract.OrderPlaced{})
		}, []string{
			without + "order.placed",
			"invariant 5: the shipped orders cost map[], but map[EUR:2500] was kept",
			"invariant 5: order o-shipped: the customer has 25 points of it, but earned 0",
			`invariant 6: order o-shipped: warehouse.stock-reserved was caused by "", which was never published`,
		}},
		"an order is shipped, and nothing is known of its award": {func(r *run) {
			r.remove(shipped, contract.PointsAwarded{})
			delete(r.Tables[contract.SourceLoyalty].Records, shipped)
		}, []string{
			without + "loyalty.points-awarded",
			`invariant 3: order o-shipped: shipped, but the warehouse has the status shipped, loyalty ""`,
		}},
		"an order is shipped without an event": {func(r *run) {
			r.remove(shipped, contract.OrderShipped{})
		}, []string{"invariant 1: order o-shipped: has not ended: it is shipped"}},
	}
}

// undone are runs in which a step of the shipped order is undone.
func undone() map[string]tampered {
	const yet = "invariant 3: order o-shipped: shipped, and yet "
	part := contract.Money{Amount: 1, Currency: "EUR"}
	return map[string]tampered{
		"the stock of a shipped order is released": {func(r *run) {
			r.publish(*r.of(shipped, contract.OrderPlaced{}), contract.StockReleased{Items: stockOf(1), Reason: contract.TimedOut})
		}, []string{yet + "warehouse.stock-released"}},
		"a shipped order is refunded in part": {func(r *run) {
			r.publish(*r.of(shipped, contract.PaymentTaken{}), contract.PaymentRefunded{Amount: part, Reason: contract.TimedOut})
		}, []string{yet + "payment.refunded"}},
		"the points of a shipped order are revoked": {func(r *run) {
			r.publish(*r.of(shipped, contract.PointsAwarded{}), contract.PointsRevoked{Points: 24, Reason: contract.TimedOut})
		}, []string{yet + "loyalty.points-revoked"}},
		"the award of a shipped order is revoked": {func(r *run) {
			revoked := award
			revoked.Status = loyalty.Revoked
			r.set(r.Tables[contract.SourceLoyalty], shipped, revoked)
			r.enter(shipped, revoked.Entry())
		}, []string{
			`invariant 3: order o-shipped: shipped, but the warehouse has the status shipped, loyalty "revoked", and paid is true`,
		}},
		"the warehouse has released the stock of a shipped order": {func(r *run) {
			r.set(r.Tables[contract.SourceWarehouse], shipped, warehouse.State{Status: warehouse.Released})
		}, []string{
			`invariant 3: order o-shipped: shipped, but the warehouse has the status released, loyalty "awarded", and paid is true`,
			"invariant 4: stock#123: received 100, but there are 98 on hand, and 0 reserved and 0 shipped",
		}},
		"a cancelled order keeps its award, without points": {func(r *run) {
			r.set(r.Tables[contract.SourceLoyalty], cancelled, loyalty.State{Status: loyalty.Awarded})
		}, []string{`invariant 3: order o-cancelled: cancelled, but the warehouse has the status released, loyalty "awarded", and paid is false`}},
		"the money of a cancelled order is kept": {func(r *run) {
			r.Ledger[cancelled] = sandbox.Entry{Amount: basket(cancelled).Total(), Accepted: true}
		}, []string{
			`invariant 3: order o-cancelled: cancelled, but the warehouse has the status released, loyalty "revoked", and paid is true`,
			"invariant 5: the shipped orders cost map[EUR:2500], but map[EUR:5000] was kept",
		}},
	}
}

// repeats are runs in which only the second of several things is wrong.
func repeats() map[string]tampered {
	const end = "invariant 2: order o-cancelled: 2 different "
	again := func(r *run, data event.Data) *event.Event {
		r.add(event.Cause{Event: *r.of(cancelled, contract.PaymentRefunded{})}, data, 1)
		return &r.Published[len(r.Published)-1]
	}
	return map[string]tampered{
		"two messages are no events": {func(r *run) {
			r.Malformed = append(r.Malformed, "first", "second")
		}, []string{
			"invariant 6: published, but not an event: first",
			"invariant 6: published, but not an event: second",
		}},
		"a second end has another cause, and is not notified": {func(r *run) {
			again(r, contract.OrderCancelled{Reason: contract.Undeliverable})
		}, []string{
			end + "order.cancelled",
			"invariant 3: order o-cancelled: order.cancelled does not follow from the end of its rollback",
			"invariant 7: order o-cancelled: order.cancelled was never notified",
		}},
		"the end follows from a second release": {func(r *run) {
			released := again(r, contract.StockReleased{Items: stockOf(2), Reason: contract.Undeliverable})
			r.of(cancelled, contract.OrderCancelled{}).CausationID = released.ID
		}, []string{end + "warehouse.stock-released"}},
		"a second request has another correlation id": {func(r *run) {
			requestTwice(r, cancelled)
			r.Published[len(r.Published)-1].CorrelationID = "other"
		}, []string{"invariant 6: order o-cancelled: order.cancellation-requested has the correlation id other, not saga of o-cancelled"}},
		"a second request is made after the erasure": {func(r *run) {
			requestTwice(r, shipped)
			r.Published[len(r.Published)-1].Time = erasedAt.Add(time.Hour)
			r.erase(shipped)
		}, []string{"invariant 10: order o-shipped: order.cancellation-requested "}},
	}
}

// contradictions are runs in which the order context has another end than its events.
func contradictions() map[string]tampered {
	return map[string]tampered{
		"the order context has not seen the shipment": {func(r *run) {
			r.set(r.Tables[contract.SourceOrder], shipped, order.State{Progress: order.Awarded})
		}, []string{
			"invariant 1: order o-shipped: shipped, but the order context has the status awarded",
			"invariant 5: the shipped orders cost map[], but map[EUR:2500] was kept",
			"invariant 5: order o-shipped: the customer has 25 points of it, but earned 0",
		}},
		"an event cannot be encoded": {func(r *run) {
			requestTwice(r, cancelled)
			r.Published[len(r.Published)-1].Data = json.RawMessage("{")
		}, []string{"invariant 6: order o-cancelled: order.cancellation-requested "}},
		"an award has another entry in the same account": {func(r *run) {
			entry := award.Entry()
			entry.Amount = 24
			r.enter(shipped, entry)
		}, []string{"invariant 5: order o-shipped: its award has 25 points, and its record another entry, of 24"}},
		"stock is released that was never reserved": {func(r *run) {
			r.remove(cancelled, contract.StockReserved{})
		}, []string{"invariant 3: order o-cancelled: reserved [], but released [{123 2}]"}},
	}
}

// pieces are runs with two SKUs, and with counters that are wrong in one way.
func pieces() map[string]tampered {
	count := func(received, onHand int64) map[string]int64 {
		return map[string]int64{warehouse.CounterReceived: received, warehouse.CounterOnHand: onHand}
	}
	const held = "invariant 3: order o-cancelled: cancelled, but the warehouse has the status failing"
	return map[string]tampered{
		"less than nothing was received": {func(r *run) {
			r.Tables[contract.SourceWarehouse].Counters["stock#456"] = count(-1, 0)
		}, []string{
			"invariant 4: stock#456: received -1, and 0 are on hand",
			"invariant 4: stock#456: received -1, but there are 0 on hand",
		}},
		"goods stay reserved, and are not on hand": {func(r *run) {
			r.set(r.Tables[contract.SourceWarehouse], cancelled, warehouse.State{Status: warehouse.Failing, Items: stockOf(2)})
			r.Tables[contract.SourceWarehouse].Counters["stock#123"] = count(100, 96)
		}, []string{held, "invariant 4: stock#123: 2 are still reserved"}},
		"goods of two SKUs stay reserved, and one was never received": {func(r *run) {
			r.set(r.Tables[contract.SourceWarehouse], cancelled, warehouse.State{
				Status: warehouse.Failing, Items: append(stockOf(2), contract.Stock{SKU: "789", Quantity: 1}),
			})
		}, []string{
			held,
			"invariant 4: stock#123: 2 are still reserved",
			"invariant 4: stock#123: received 100, but there are 98 on hand, and 2 reserved and 2 shipped",
			"invariant 4: stock#789: 1 are still reserved",
			"invariant 4: stock#789: received 0, but there are 0 on hand, and 1 reserved and 0 shipped",
		}},
	}
}
