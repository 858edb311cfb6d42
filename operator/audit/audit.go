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
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
)

// Evidence is all that a run leaves behind.
type Evidence struct {
	// Published is every event that was seen on the Global bus, in any order
	// and as often as it was seen.
	Published []event.Event
	// Malformed is what was seen on the Global bus and is no event, or another one
	// than its envelope says, with the reason.
	Malformed []string
	// Tables are those of all contexts, by their names.
	Tables map[string]Table
	// Ledger is the payment provider's, by order id.
	Ledger map[string]sandbox.Entry
	// Notified is every event that reached the notification endpoint. Nil
	// means that it is unknown.
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
	Invariant int `json:"invariant"`
	// Order is the order's id, if the violation is about one.
	Order string `json:"order,omitempty"`
	Text  string `json:"text"`
}

// String describes what does not hold.
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

	language   participant.Language
	violations []Violation
	// sagas are the orders that were accepted, by id.
	sagas map[string]*saga
	// notified has the source and the id of each event in Notified.
	notified map[string]bool
}

// saga is what is known about one order.
type saga struct {
	id    string
	state order.State
	// correlationID is that of the first event.
	correlationID string
	// events has each event once, by its type.
	events map[string][]event.Event
}

// Audit returns every violation that the evidence shows, sorted. Events are held
// to the given language.
func Audit(language participant.Language, evidence Evidence) ([]Violation, error) {
	for _, name := range contract.Catalogue().Contexts() {
		if _, collected := evidence.Tables[name]; !collected {
			return nil, fmt.Errorf("there is no evidence of the %s context", name)
		}
	}
	a := &audit{Evidence: evidence, language: language, sagas: make(map[string]*saga), notified: make(map[string]bool)}
	for _, e := range evidence.Notified {
		a.notified[e.Source+"/"+e.ID] = true
	}
	if err := a.collect(); err != nil {
		return nil, err
	}
	for _, s := range a.sagas {
		if err := cmp.Or(a.checkSaga(s), a.checkPoints(s)); err != nil {
			return nil, err
		}
	}
	if err := a.checkStock(); err != nil {
		return nil, err
	}
	a.checkMoney()
	for queue, letters := range a.DeadLetters {
		a.violated(8, "", "%d messages in the dead-letter queue %s", letters, queue)
	}
	slices.SortFunc(a.violations, func(x, y Violation) int {
		return cmp.Or(cmp.Compare(x.Invariant, y.Invariant), cmp.Compare(x.Order, y.Order), cmp.Compare(x.Text, y.Text))
	})
	return a.violations, nil
}

// checkSaga checks one order. Of an erased one the order context no longer has
// how it has ended, so nothing is compared with that.
func (a *audit) checkSaga(s *saga) error {
	if s.isErased() {
		return a.checkErased(s)
	}
	a.checkEnd(s)
	a.checkEffects(s)
	a.checkRollback(s)
	a.checkReturns(s)
	a.checkLineage(s)
	a.checkNotifications(s)
	if complete, err := a.checkUnerased(s); err != nil || !complete {
		return err
	}
	return a.checkHoldings(s)
}

func (a *audit) violated(invariant int, orderID, format string, args ...any) {
	a.violations = append(a.violations, Violation{invariant, orderID, fmt.Sprintf(format, args...)})
}

// collect puts each event to its order, and checks that each is valid and each
// id has one content.
func (a *audit) collect() error {
	for id, record := range a.Tables[contract.SourceOrder].Records {
		s := &saga{id: id, correlationID: record.First().CorrelationID, events: make(map[string][]event.Event)}
		if err := json.Unmarshal(record.State, &s.state); err != nil {
			return fmt.Errorf("state of order %s: %w", id, err)
		}
		a.sagas[id] = s
	}
	for _, malformed := range a.Malformed {
		a.violated(6, "", "published, but not an event: %s", malformed)
	}
	for _, e := range a.distinct() {
		if _, err := a.language.Decode(e); err != nil {
			a.violated(6, e.Subject, "%v", err)
		}
		if e.Type == (contract.StockReceived{}).EventType() {
			continue
		}
		s, known := a.sagas[e.Subject]
		if !known {
			a.violated(6, e.Subject, "%s of an order that was never accepted", e.Type)
			continue
		}
		s.events[e.Type] = append(s.events[e.Type], e)
	}
	return nil
}

// distinct returns each published event once.
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
