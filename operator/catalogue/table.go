package catalogue

import (
	_ "embed" // For the state tables.
	"regexp"
	"strings"
)

// states has the state tables of docs/saga.md, which a test compares with it.
//
//go:embed states.txt
var states string

// Table is the decision of a context: a row for each event, a column for each state of
// the order.
type Table struct {
	States []string
	Rows   []Row
}

// Row is what a context does with an event.
type Row struct {
	// Event is the type, Condition what else the outcome depends on, or "".
	Event, Condition string
	// Outcomes are by state.
	Outcomes []string
}

// published returns the types that are published in some state.
func (r Row) published() []string {
	var all []string
	for _, outcome := range r.Outcomes {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(outcome, -1) {
			all = append(all, code[1])
		}
	}
	return all
}

// stateTable returns the state table of a context. A context that is new may have none.
func stateTable(context string) Table {
	_, text, _ := strings.Cut(states, "<!-- state table of "+context+", generated -->")
	text, _, _ = strings.Cut(text, "<!--")
	return parseTable(text)
}

// parseTable parses a table of Markdown: its second line separates the head.
func parseTable(text string) Table {
	var table Table
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		switch i {
		case 0:
			table.States = cells[1:]
		case 1:
		default:
			name, condition, _ := strings.Cut(cells[0], ", ")
			table.Rows = append(table.Rows, Row{strings.Trim(name, "`"), condition, cells[1:]})
		}
	}
	return table
}
