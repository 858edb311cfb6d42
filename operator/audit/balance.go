package audit

import (
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
	data, err := a.language.Decode(events[0])
	if err != nil {
		return none, false // reported when the events were collected
	}
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

// checkPoints: customers have the points of their shipped orders. An order that
// is erased in the loyalty context has taken its points with it.
func (a *audit) checkPoints() {
	table, earned := a.Tables[contract.SourceLoyalty], make(map[string]int64)
	for _, s := range a.shipped() {
		if table.Records[s.id].Erased {
			continue
		}
		placed, isPlaced := read[contract.OrderPlaced](a, s)
		awarded, isAwarded := read[contract.PointsAwarded](a, s)
		if isPlaced && isAwarded {
			earned[loyalty.CustomerItem(placed.CustomerID)] += awarded.Points
		}
	}
	for item := range table.Counters {
		earned[item] += 0
	}
	for item, points := range earned {
		if has := table.Counters[item][loyalty.CounterPoints]; has != points {
			a.violated(5, "", "%s has %d points, but earned %d", item, has, points)
		}
	}
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
