package simulation

import (
	"fmt"
	"slices"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
)

// checkStuck: nothing fails for ever.
func (h *history) checkStuck() []audit.Violation {
	var found []audit.Violation
	for _, t := range h.stuck {
		found = append(found, audit.Violation{Invariant: 8, Order: t.event.Subject, Text: t.who + " is stuck with " + t.event.Type})
	}
	return found
}

// checkAmounts checks that each compensation says what it gave back. Of an erased
// order what had not been published by then never is, and is not compared. A payment
// may be refunded that was never announced as taken, if its run died before the
// commit: so it is the ledger that knows.
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
			found = append(found, audit.Violation{Invariant: 3, Order: e.Subject, Text: fmt.Sprintf("%s says %s", e.Type, e.Data)})
		}
	}
	return found
}

// checkReasons checks that an order which the warehouse refused to ship is said
// to be cancelled for that reason, whatever came of it on the way back.
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
				Invariant: 1, Order: e.Subject, Text: fmt.Sprintf("it is cancelled because of %s, not of %s", cancelled.Reason, reason),
			})
		}
	}
	return found
}

// checkTimelines checks that the order context has seen every event about its
// orders, and so can show it, unless they are erased.
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
			found = append(found, audit.Violation{Invariant: 8, Order: e.Subject, Text: "the order context never saw " + e.Type})
		}
	}
	return found
}
