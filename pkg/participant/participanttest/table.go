package participanttest

import (
	"errors"
	"testing"

	"example.com/saga/pkg/event"
)

// Table is the states and inputs for which a table of decisions needs rows.
type Table[S any] struct {
	// States are all states, by name.
	States map[string]S
	// Inputs are all inputs, consumed or not.
	Inputs []event.Data
	// Decide returns the error of the decision.
	Decide func(S, event.Data) error

	rows map[string]map[string]bool
}

// Add records that the table has a row for an input in the state with this name.
func (table *Table[S]) Add(state string, input event.Data) {
	if table.rows == nil {
		table.rows = make(map[string]map[string]bool)
	}
	if table.rows[input.EventType()] == nil {
		table.rows[input.EventType()] = make(map[string]bool)
	}
	table.rows[input.EventType()][state] = true
}

// Check fails unless there is a row for each state with each input that is
// consumed. An input without any row is one that is not consumed: its error must be
// event.ErrInvalid in every state.
func (table *Table[S]) Check(t *testing.T) {
	t.Helper()
	for _, input := range table.Inputs {
		rows, consumed := table.rows[input.EventType()]
		for name, state := range table.States {
			if consumed && !rows[name] {
				t.Errorf("%s: there is no row for %s", name, input.EventType())
			}
			if consumed {
				continue
			}
			if err := table.Decide(state, input); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("%s: %s has no row, and its error is %v", name, input.EventType(), err)
			}
		}
	}
}
