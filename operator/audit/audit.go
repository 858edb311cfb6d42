// Package audit checks the invariants of the saga at the end of a run, when
// nothing is on its way any more: whatever was duplicated, reordered, delayed,
// killed or refused on the way, they must hold.
package audit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
)

// Evidence is all that a run leaves behind.
type Evidence struct {
	// Published is every event that was seen on the Global bus, in any order
	// and as often as it was seen.
	Published []event.Event
	Order     Table
	Warehouse Table
	Payment   Table
	Loyalty   Table
	// Ledger is the payment provider's, by order id.
	Ledger map[string]sandbox.Entry
	// Notified is every event that reached the notification endpoint. Nil
	// means that nobody knows.
	Notified []event.Event
	// DeadLetters names the dead-letter queues that are not empty.
	DeadLetters map[string]int
}

// Table is the dedup table of a context.
type Table struct {
	Records  map[string]participant.Record
	Counters map[string]map[string]int64
}

// Violation is an invariant that does not hold.
type Violation struct {
	// Invariant is its number, as in docs/saga.md.
	Invariant int
	// Order is the order's id, if the violation is about one.
	Order string
	Text  string
}

// String tells what does not hold.
func (v Violation) String() string {
	about := ""
	if v.Order != "" {
		about = "order " + v.Order + ": "
	}
	return fmt.Sprintf("invariant %d: %s%s", v.Invariant, about, v.Text)
}

// audit is one audit under way.
type audit struct {
	Evidence

	language   *contract.Language
	violations []Violation
	// sagas are the orders that were accepted, by id.
	sagas map[string]*saga
}

// saga is what is known about one order.
type saga struct {
	id    string
	state order.State
	// events has each event once, by its type.
	events map[string][]event.Event
}

// Audit gives every violation that the evidence shows, sorted.
func Audit(evidence Evidence) ([]Violation, error) {
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	a := &audit{Evidence: evidence, language: language, sagas: make(map[string]*saga)}
	if err := a.collect(); err != nil {
		return nil, err
	}
	for _, s := range a.sagas {
		a.checkEnd(s)
		a.checkEffects(s)
		a.checkLineage(s)
	}
	if err := a.checkHoldings(); err != nil {
		return nil, err
	}
	a.checkStock()
	a.checkMoney()
	a.checkPoints()
	a.checkNotifications()
	for queue, letters := range a.DeadLetters {
		a.violated(8, "", "%d messages in the dead-letter queue %s", letters, queue)
	}
	slices.SortFunc(a.violations, func(x, y Violation) int {
		return cmp.Or(cmp.Compare(x.Invariant, y.Invariant), cmp.Compare(x.Order, y.Order), cmp.Compare(x.Text, y.Text))
	})
	return a.violations, nil
}

func (a *audit) violated(invariant int, orderID, format string, args ...any) {
	a.violations = append(a.violations, Violation{invariant, orderID, fmt.Sprintf(format, args...)})
}

// collect puts each event to its order, and checks that each is valid and each
// id has one content.
func (a *audit) collect() error {
	for id, record := range a.Order.Records {
		s := &saga{id: id, events: make(map[string][]event.Event)}
		if err := json.Unmarshal(record.State, &s.state); err != nil {
			return fmt.Errorf("state of order %s: %w", id, err)
		}
		a.sagas[id] = s
	}
	for _, e := range a.distinct() {
		if _, err := a.language.Read(e); err != nil {
			a.violated(6, e.Subject, "%v", err)
		}
		if e.Type == (contract.StockReceived{}).EventType() {
			continue
		}
		s, known := a.sagas[e.Subject]
		if !known {
			a.violated(6, e.Subject, "%s of an order that nobody accepted", e.Type)
			continue
		}
		s.events[e.Type] = append(s.events[e.Type], e)
	}
	return nil
}

// distinct gives each published event once.
func (a *audit) distinct() []event.Event {
	var distinct []event.Event
	contents := make(map[string]string)
	for _, e := range a.Published {
		encoded, err := json.Marshal(e)
		if err != nil {
			a.violated(6, e.Subject, "%s %s: %v", e.Type, e.ID, err)
			continue
		}
		key := e.Source + "/" + e.ID
		known, seen := contents[key]
		switch {
		case !seen:
			contents[key] = string(encoded)
			distinct = append(distinct, e)
		case known != string(encoded):
			a.violated(2, e.Subject, "event %s has two contents: %s and %s", key, known, encoded)
		}
	}
	return distinct
}

// has tells whether the saga has an event of the type of the given data.
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
		a.violated(1, s.id, "shipped, but the order context says %s", s.state.Status())
	case cancelled && s.state.Status() != order.StatusCancelled:
		a.violated(1, s.id, "cancelled, but the order context says %s", s.state.Status())
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

// repeatable tells which events an order may have several of: it can be asked
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
			if e.CorrelationID != s.state.CorrelationID {
				a.violated(6, s.id, "%s has the correlation id %s, not %s", e.Type, e.CorrelationID, s.state.CorrelationID)
			}
			switch {
			case root && e.CausationID != "":
				a.violated(6, s.id, "%s was caused by %s, but it begins", e.Type, e.CausationID)
			case !root && !known[e.CausationID]:
				a.violated(6, s.id, "%s was caused by %q, which nobody published", e.Type, e.CausationID)
			}
		}
	}
}

// state decodes what a context knows about an order.
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
func (a *audit) checkHoldings() error {
	for id, s := range a.sagas {
		held, err := state[warehouse.State](a.Warehouse, id)
		if err != nil {
			return fmt.Errorf("what the warehouse knows of %s: %w", id, err)
		}
		award, err := state[loyalty.State](a.Loyalty, id)
		if err != nil {
			return fmt.Errorf("what loyalty knows of %s: %w", id, err)
		}
		paid := a.Ledger[id].Accepted && !a.Ledger[id].Barred
		status := s.state.Status()
		kept := held.Status == warehouse.Shipped && award.Status == loyalty.Awarded && paid
		free := held.Status == warehouse.Unavailable || held.Status == warehouse.Released
		undone := free && award.Status != loyalty.Awarded && !paid
		if (status == order.StatusShipped && !kept) || (status == order.StatusCancelled && !undone) {
			a.violated(3, id, "%s, but the warehouse says %s, loyalty %q, and paid is %t", status, held.Status, award.Status, paid)
		}
	}
	return nil
}
