package audit

import (
	"fmt"
	"maps"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
)

// read returns the data of the one event of its type.
func read[D event.Data](a *audit, s *saga) (D, bool) {
	var none D
	events := s.events[none.EventType()]
	if len(events) == 0 {
		return none, false
	}
	data, _ := a.language.Decode(events[0]) // An error is reported when the events are collected.
	typed, ok := data.(D)
	return typed, ok
}

// shipped returns the sagas that were shipped.
func (a *audit) shipped() []*saga {
	var shipped []*saga
	for _, s := range a.sagas {
		if s.state.Status() == order.StatusShipped {
			shipped = append(shipped, s)
		}
	}
	return shipped
}

// checkMoney: what was taken and not given back is what the shipped orders cost.
// The ledger keeps the entries of erased orders, which are left out.
func (a *audit) checkMoney() {
	owed := make(map[string]int64)
	for _, s := range a.shipped() {
		if placed, ok := read[contract.OrderPlaced](a, s); ok {
			total := placed.Total()
			owed[total.Currency] += total.Amount
		}
	}
	kept := make(map[string]int64)
	for id, entry := range a.Ledger {
		if s, known := a.sagas[id]; known && s.isErased() {
			continue
		}
		if entry.Accepted && !entry.Barred {
			kept[entry.Amount.Currency] += entry.Amount.Amount
		}
	}
	if !maps.Equal(owed, kept) {
		a.violated(5, "", "the shipped orders cost %v, but %v was kept", owed, kept)
	}
}

// checkPoints: a customer has the points of a shipped order, and of no other. What adds
// them to the account is the entry of the award's record. An award is kept for longer than
// its order, as long as its points, and is not checked after that.
func (a *audit) checkPoints(s *saga) error {
	table := a.Tables[contract.SourceLoyalty]
	award, err := state[loyalty.State](table, s.id)
	if err != nil {
		return fmt.Errorf("the state of %s in loyalty: %w", s.id, err)
	}
	record := table.Records[s.id]
	if entry := award.Entry(); record.Entry.Account != entry.Account || record.Entry.Amount != entry.Amount {
		a.violated(5, s.id, "its award has %d points, and its record another entry, of %d", entry.Amount, record.Entry.Amount)
	}
	var earned int64
	customer := award.CustomerID
	if s.state.Status() == order.StatusShipped && !record.Erased {
		placed, isPlaced := read[contract.OrderPlaced](a, s)
		awarded, isAwarded := read[contract.PointsAwarded](a, s)
		if isPlaced && isAwarded {
			earned, customer = awarded.Points, placed.CustomerID
		}
	}
	switch {
	case award.Points != earned:
		a.violated(5, s.id, "the customer has %d points of it, but earned %d", award.Points, earned)
	case award.CustomerID != customer:
		a.violated(5, s.id, "another customer has the points of it")
	}
	return nil
}

// checkNotifications: every end of a saga reached the endpoint, with its own id.
func (a *audit) checkNotifications(s *saga) {
	if a.Notified == nil {
		return
	}
	for _, end := range []event.Data{contract.OrderShipped{}, contract.OrderCancelled{}} {
		for _, e := range s.events[end.EventType()] {
			if !a.notified[e.Source+"/"+e.ID] {
				a.violated(7, s.id, "%s was never notified, id %s", e.Type, e.ID)
			}
		}
	}
}
