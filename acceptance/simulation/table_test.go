package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// cell returns the outcome of an input in a state.
func (m machine) cell(state string, in input) (string, error) {
	after, published, adjusts, err := m.decide(state, in)
	switch {
	case errors.Is(err, event.ErrInvalid):
		return "dead letter", nil
	case errors.Is(err, order.ErrUnknown), errors.Is(err, order.ErrTooLate), errors.Is(err, order.ErrErased):
		return "refused: " + err.Error(), nil
	case err != nil:
		return "", fmt.Errorf("%s, %s: %w", m.context, state, err)
	case !slices.Contains(m.states, after):
		return "", fmt.Errorf("%s: the state %s has no column", m.context, after)
	case after == state && len(published) == 0 && !adjusts:
		return "ignored", nil
	case after == state && len(published) == 0:
		return "counted", nil
	}
	text := "→ " + after
	if after == state {
		text = "stays"
	}
	for _, data := range published {
		text += ", `" + data.EventType() + "`"
	}
	return text, nil
}

// markdown returns the machine as a table with a row for each input and a column for each
// state.
func (m machine) markdown() (string, error) {
	rows := [][]string{append([]string{"event"}, m.states...)}
	for _, in := range m.inputs {
		row := []string{"`" + in.data.EventType() + "`"}
		if in.when != "" {
			row[0] += ", " + in.when
		}
		for _, state := range m.states {
			cell, err := m.cell(state, in)
			if err != nil {
				return "", err
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return format(rows), nil
}

// format returns a table with aligned columns. The first row is its head.
func format(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var text strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			text.WriteString("| " + cell + strings.Repeat(" ", widths[i]-len([]rune(cell))) + " ")
		}
		text.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				text.WriteString("|" + strings.Repeat("-", width+2))
			}
			text.WriteString("|\n")
		}
	}
	return text.String()
}

func TestEveryContextHasAMachine(t *testing.T) {
	var contexts []string
	for _, m := range machines() {
		contexts = append(contexts, m.context)
	}
	slices.Sort(contexts)
	if diff := cmp.Diff(slices.Sorted(slices.Values(contract.Catalogue().Contexts())), contexts); diff != "" {
		t.Errorf("the contexts (- language, + machines):\n%s", diff)
	}
}

func TestAMachineHasARowForEachEventThatItsContextConsumesAndForNoOther(t *testing.T) {
	for _, m := range machines() {
		var rows []string
		for _, in := range m.inputs {
			if isCommand := strings.HasPrefix(in.data.EventType(), "order.") && m.context == contract.SourceOrder; !isCommand {
				rows = append(rows, in.data.EventType())
			}
		}
		slices.Sort(rows)
		if diff := cmp.Diff(event.Types(contract.Catalogue().ConsumedBy(m.context)...), slices.Compact(rows)); diff != "" {
			t.Errorf("%s (- declared, + rows):\n%s", m.context, diff)
		}
	}
}

func TestAnEventThatAContextDoesNotConsumeIsADeadLetterInEveryState(t *testing.T) {
	for _, m := range machines() {
		consumed := event.Types(contract.Catalogue().ConsumedBy(m.context)...)
		for _, data := range contract.Catalogue().All() {
			if slices.Contains(consumed, data.EventType()) {
				continue
			}
			for _, state := range m.states {
				cell, err := m.cell(state, input{data: data})
				if err != nil {
					t.Fatal(err)
				}
				if cell != "dead letter" {
					t.Errorf("%s, %s: %s is %s", m.context, state, data.EventType(), cell)
				}
			}
		}
	}
}
