package simulation

import (
	"fmt"
	"maps"
	"slices"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
)

// checkStuck returns a violation for each task that failed for an unexpected reason.
func (h *history) checkStuck() []audit.Violation {
	var found []audit.Violation
	for _, t := range h.stuck {
		found = append(found, audit.Violation{Invariant: 8, Order: t.event.Subject, Text: t.component + " is stuck with " + t.event.Type})
	}
	return found
}

// orderedPieces returns how many pieces of each SKU an order has.
func orderedPieces(o contract.OrderPlaced) map[string]int64 {
	pieces := make(map[string]int64)
	for _, item := range o.Items {
		pieces[item.SKU] += item.Quantity
	}
	return pieces
}

// checkReservations checks that what is reserved for an order is all that was ordered, each
// SKU once, and that its total is that of all lines.
func (h *history) checkReservations() []audit.Violation {
	ordered := make(map[string]contract.OrderPlaced)
	for _, o := range h.orders {
		ordered[o.OrderID] = o
	}
	var found []audit.Violation
	for _, e := range h.published {
		data, is := h.data(e).(contract.StockReserved)
		if !is {
			continue
		}
		reserved := make(map[string]int64)
		for _, stock := range data.Items {
			reserved[stock.SKU] += stock.Quantity
		}
		o := ordered[e.Subject]
		if !maps.Equal(reserved, orderedPieces(o)) || len(reserved) != len(data.Items) || data.Total != o.Total() {
			found = append(found, audit.Violation{Invariant: 3, Order: e.Subject, Text: fmt.Sprintf("%v was ordered, but reserved is %s", o.Items, e.Data)})
		}
	}
	return found
}

// checkAmounts checks that each compensation has the amount that it returned. What was
// not published before its order was erased never is, and is not compared. A refund is
// compared with the ledger, not with payment.taken: a run that crashes before the commit
// has charged the customer without publishing that.
func (h *history) checkAmounts() []audit.Violation {
	held, awarded := make(map[string][]contract.Stock), make(map[string]int64)
	for _, e := range h.published {
		switch data := h.data(e).(type) {
		case contract.StockReserved:
			held[e.Subject] = data.Items
		case contract.PointsAwarded:
			awarded[e.Subject] = data.Points
		}
	}
	var found []audit.Violation
	for _, e := range h.published {
		correct := true
		_, isErased := h.erased[e.Subject]
		switch data := h.data(e).(type) {
		case contract.StockReleased:
			correct = slices.Equal(data.Items, held[e.Subject]) || isErased && held[e.Subject] == nil
		case contract.PointsRevoked:
			correct = data.Points == awarded[e.Subject] || isErased && awarded[e.Subject] == 0
		case contract.PaymentRefunded:
			var taken contract.Money
			if entry := h.ledger.entries[e.Subject]; entry.Accepted {
				taken = entry.Amount
			}
			correct = data.Amount == taken
		}
		if !correct {
			found = append(found, audit.Violation{Invariant: 3, Order: e.Subject, Text: fmt.Sprintf("%s has the wrong amount: %s", e.Type, e.Data)})
		}
	}
	return found
}

// checkReasons checks that an order which the warehouse refused to ship is cancelled
// for that reason, whatever happened during the rollback.
func (h *history) checkReasons() []audit.Violation {
	failed := make(map[string]contract.Reason)
	for _, e := range h.published {
		if data, is := h.data(e).(contract.ShipmentFailed); is {
			failed[e.Subject] = data.Reason
		}
	}
	var found []audit.Violation
	for _, e := range h.published {
		cancelled, is := h.data(e).(contract.OrderCancelled)
		if reason := failed[e.Subject]; is && reason != "" && cancelled.Reason != reason {
			found = append(found, audit.Violation{
				Invariant: 1, Order: e.Subject, Text: fmt.Sprintf("it is cancelled for the reason %s, not %s", cancelled.Reason, reason),
			})
		}
	}
	return found
}

// checkTimelines checks that the order context has handled or published every event
// about an order that is not erased, so that the order's timeline is complete.
func (h *history) checkTimelines() []audit.Violation {
	seen := make(map[string]bool)
	for _, record := range h.stores[contract.SourceOrder].Records() {
		for _, handled := range record.Handled {
			seen[handled.ID] = true
			for _, e := range handled.Published {
				seen[e.ID] = true
			}
		}
	}
	var found []audit.Violation
	for _, e := range h.published {
		if _, isErased := h.erased[e.Subject]; isErased {
			continue
		}
		if e.Type != (contract.StockReceived{}).EventType() && !seen[e.ID] {
			found = append(found, audit.Violation{Invariant: 8, Order: e.Subject, Text: "the order context never received " + e.Type})
		}
	}
	return found
}
