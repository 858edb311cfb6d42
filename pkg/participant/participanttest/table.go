package participanttest

import (
	"errors"
	"testing"

	"example.com/saga/pkg/event"
)

// Table checks that a table of decisions is complete.
type Table[S any] struct {
	// States are all states, by name.
	States map[string]S
	// Consumed are the inputs that the context declares that it consumes.
	Consumed []event.Data
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

// Check fails the test unless there is a row for each state with each input that is
// consumed, and event.ErrInvalid is returned for every other input in every state.
func (table *Table[S]) Check(t *testing.T) {
	t.Helper()
	consumed := make(map[string]bool)
	for _, input := range table.Consumed {
		consumed[input.EventType()] = true
		for name := range table.States {
			if !table.rows[input.EventType()][name] {
				t.Errorf("%s: there is no row for %s", name, input.EventType())
			}
		}
	}
	for _, input := range table.Inputs {
		if !consumed[input.EventType()] {
			table.checkRefused(t, input)
		}
	}
}

// checkRefused fails the test unless the input has no row, and is refused in every
// state.
func (table *Table[S]) checkRefused(t *testing.T, input event.Data) {
	t.Helper()
	if table.rows[input.EventType()] != nil {
		t.Errorf("there is a row for %s, which is not consumed", input.EventType())
	}
	for name, state := range table.States {
		if err := table.Decide(state, input); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: %s is not consumed, and its error is %v", name, input.EventType(), err)
		}
	}
}
