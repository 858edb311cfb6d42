package audit

import (
	"encoding/json"
	"fmt"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/warehouse"
)

// has reports whether the saga has an event of the type of the given data.
func (s *saga) has(data event.Data) bool { return len(s.events[data.EventType()]) > 0 }

// checkEnd: every accepted order ends in exactly one way.
func (a *audit) checkEnd(s *saga) {
	shipped, cancelled := s.has(contract.OrderShipped{}), s.has(contract.OrderCancelled{})
	switch {
	case shipped && cancelled:
		a.violated(1, s.id, "shipped and cancelled")
	case !shipped && !cancelled:
		a.violated(1, s.id, "has not ended: it is %s", s.state.Status())
	case shipped && s.state.Status() != order.StatusShipped:
		a.violated(1, s.id, "shipped, but the order context has the status %s", s.state.Status())
	case cancelled && s.state.Status() != order.StatusCancelled:
		a.violated(1, s.id, "cancelled, but the order context has the status %s", s.state.Status())
	}
}

// checkEffects: no step happens twice, and what happened fits the end.
func (a *audit) checkEffects(s *saga) {
	for eventType, events := range s.events {
		if len(events) > 1 && !repeatable(eventType) {
			a.violated(2, s.id, "%d different %s", len(events), eventType)
		}
	}
	if s.has(contract.OrderShipped{}) {
		for _, step := range []event.Data{contract.OrderPlaced{}, contract.StockReserved{}, contract.PaymentTaken{}, contract.PointsAwarded{}} {
			if !s.has(step) {
				a.violated(3, s.id, "shipped without %s", step.EventType())
			}
		}
		for _, undone := range []event.Data{contract.StockReleased{}, contract.PaymentRefunded{}, contract.PointsRevoked{}} {
			if s.has(undone) {
				a.violated(3, s.id, "shipped, and yet %s", undone.EventType())
			}
		}
	}
}

// checkRollback: an order is said to be cancelled because of the last step of
// its rollback, and not before.
func (a *audit) checkRollback(s *saga) {
	last := make(map[string]bool)
	for _, step := range []event.Data{contract.StockReleased{}, contract.StockUnavailable{}} {
		for _, e := range s.events[step.EventType()] {
			last[e.ID] = true
		}
	}
	for _, e := range s.events[contract.OrderCancelled{}.EventType()] {
		if !last[e.CausationID] {
			a.violated(3, s.id, "%s does not follow from the end of its rollback", e.Type)
		}
	}
}

// checkReturns: a cancelled order returned all that it had. What was not returned is
// in the contexts' records.
func (a *audit) checkReturns(s *saga) {
	if !s.has(contract.OrderCancelled{}) {
		return
	}
	reserved, _ := read[contract.StockReserved](a, s) // Without it nothing is released.
	released, gaveStock := read[contract.StockReleased](a, s)
	if gaveStock && !slices.Equal(reserved.Items, released.Items) {
		a.violated(3, s.id, "reserved %v, but released %v", reserved.Items, released.Items)
	}
	taken, hadMoney := read[contract.PaymentTaken](a, s)
	refunded, gaveMoney := read[contract.PaymentRefunded](a, s)
	if hadMoney && gaveMoney && taken.Amount != refunded.Amount {
		a.violated(3, s.id, "took %v, but refunded %v", taken.Amount, refunded.Amount)
	}
	awarded, hadPoints := read[contract.PointsAwarded](a, s)
	revoked, gavePoints := read[contract.PointsRevoked](a, s)
	if hadPoints && gavePoints && awarded.Points != revoked.Points {
		a.violated(3, s.id, "awarded %d points, but revoked %d", awarded.Points, revoked.Points)
	}
}

// repeatable are the events of which an order may have several: it can be asked
// to cancel by the customer and by the deadline.
func repeatable(eventType string) bool {
	return eventType == (contract.CancellationRequested{}).EventType() ||
		eventType == (contract.CancellationRefused{}).EventType()
}

// checkLineage: one correlation id, and causes that form one tree rooted in
// order.placed, requests to cancel aside.
func (a *audit) checkLineage(s *saga) {
	known := make(map[string]bool)
	for _, events := range s.events {
		for _, e := range events {
			known[e.ID] = true
		}
	}
	for eventType, events := range s.events {
		root := eventType == (contract.OrderPlaced{}).EventType() || eventType == (contract.CancellationRequested{}).EventType()
		for _, e := range events {
			if e.CorrelationID != s.correlationID {
				a.violated(6, s.id, "%s has the correlation id %s, not %s", e.Type, e.CorrelationID, s.correlationID)
			}
			switch {
			case root && e.CausationID != "":
				a.violated(6, s.id, "%s was caused by %s, but it begins", e.Type, e.CausationID)
			case !root && !known[e.CausationID]:
				a.violated(6, s.id, "%s was caused by %q, which was never published", e.Type, e.CausationID)
			}
		}
	}
}

// state decodes the state of an order in a context.
func state[S any](table Table, orderID string) (S, error) {
	var s S
	record, found := table.Records[orderID]
	if !found {
		return s, nil
	}
	err := json.Unmarshal(record.State, &s)
	return s, err
}

// checkHoldings: of a shipped order nothing was given back, of a cancelled one
// nothing is held, taken or awarded.
func (a *audit) checkHoldings(s *saga) error {
	held, err := state[warehouse.State](a.Tables[contract.SourceWarehouse], s.id)
	if err != nil {
		return fmt.Errorf("the state of %s in the warehouse: %w", s.id, err)
	}
	award, err := state[loyalty.State](a.Tables[contract.SourceLoyalty], s.id)
	if err != nil {
		return fmt.Errorf("the state of %s in loyalty: %w", s.id, err)
	}
	paid := a.Ledger[s.id].Accepted && !a.Ledger[s.id].Barred
	status := s.state.Status()
	kept := held.Status == warehouse.Shipped && award.Status == loyalty.Awarded && paid
	free := held.Status == warehouse.Unavailable || held.Status == warehouse.Released
	undone := free && award.Status != loyalty.Awarded && !paid
	if (status == order.StatusShipped && !kept) || (status == order.StatusCancelled && !undone) {
		a.violated(3, s.id, "%s, but the warehouse has the status %s, loyalty %q, and paid is %t", status, held.Status, award.Status, paid)
	}
	return nil
}
