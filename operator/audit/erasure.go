package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// clockTolerance is how far the clock of an operator may be behind that of a
// context. An event of a time shortly after the erasure may be from before it.
const clockTolerance = 10 * time.Minute

// tombstone is the record that a context must have of an erased order.
type tombstone struct {
	context string
	table   Table
	state   any
}

// tombstones returns those of the contexts, which erased the order when the order
// context did.
func (a *audit) tombstones(s *saga) ([]tombstone, error) {
	var all []tombstone
	for _, each := range contexts.All() {
		state, err := each.Erased(s.state.ErasedAt)
		if err != nil {
			return nil, fmt.Errorf("tombstone of order %s in the %s context: %w", s.id, each.Name, err)
		}
		all = append(all, tombstone{"the " + each.Name + " context", a.Tables[each.Name], state})
	}
	return all, nil
}

// isErased reports whether the order is erased in the order context, which is the
// last to erase it.
func (s *saga) isErased() bool { return s.state.Progress == order.Erased }

// checkErased: of an erased order every context has a tombstone, if it has not
// expired, with nothing else in it, and no event was published about it since.
func (a *audit) checkErased(s *saga) error {
	tombstones, err := a.tombstones(s)
	if err != nil {
		return err
	}
	for _, t := range tombstones {
		record, remembered := t.table.Records[s.id]
		if !remembered {
			continue
		}
		want, err := json.Marshal(t.state)
		if err != nil {
			return fmt.Errorf("tombstone of order %s: %w", s.id, err)
		}
		switch {
		case !record.Erased:
			a.violated(10, s.id, "it is erased, but not in %s", t.context)
		case string(record.State) != string(want), len(record.Handled) > 0, record.Entry != (participant.Entry{}):
			// Its content may be personal, so it is not repeated.
			a.violated(10, s.id, "its tombstone in %s has more than that it is erased", t.context)
		}
	}
	for eventType, events := range s.events {
		for _, e := range events {
			if e.Time.After(s.state.ErasedAt.Add(clockTolerance)) {
				a.violated(10, s.id, "%s %s was published after it was erased", eventType, e.ID)
			}
		}
	}
	return nil
}

// checkUnerased: an order is erased in all contexts or in none. It reports whether
// the order is erased in none.
func (a *audit) checkUnerased(s *saga) (bool, error) {
	tombstones, err := a.tombstones(s)
	if err != nil {
		return false, err
	}
	complete := true
	for _, t := range tombstones {
		if t.table.Records[s.id].Erased {
			complete = false
			a.violated(10, s.id, "it is erased in %s, but not in the order context: erase its customer again", t.context)
		}
	}
	return complete, nil
}
