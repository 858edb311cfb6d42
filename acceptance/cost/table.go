package cost

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Row is a measurement with its number of decimals.
type Row struct {
	Name     string
	Value    float64
	Decimals int
}

// Group is rows under a title.
type Group struct {
	Title string
	Rows  []Row
}

// Table is the groups of a measurement.
type Table []Group

// Before has the values of a written table, by the titles of their groups and their
// names.
type Before map[[2]string]float64

const (
	begin = "<!-- cost of an order, generated -->\n"
	end   = "<!-- end of cost of an order -->"
)

// Groups returns the groups of the table about use, and about what it costs.
func Groups(use Use) Table {
	calls := Group{Title: "Calls of AWS by the functions"}
	for _, action := range use.Calls() {
		calls.Rows = append(calls.Rows, Row{string(action), use[action], 1})
	}
	calls.Rows = append(calls.Rows, Row{"all calls", use.AllCalls(), 1})
	billed := Group{Title: "What AWS bills"}
	for _, quantity := range Quantities() {
		billed.Rows = append(billed.Rows, Row{string(quantity), use[quantity], decimals(use[quantity])})
	}
	prices := bill("USD for a million orders", Bill(), use)
	prices.Rows = append(prices.Rows,
		Row{"everything on", Total(Bill(), use), 1}, Row{"prod's settings", Total(ProdBill(), use), 1})
	return Table{calls, billed, prices, bill("In no total, USD for a million orders", Apart(), use)}
}

func bill(title string, lines []Line, use Use) Group {
	group := Group{Title: title}
	for _, line := range lines {
		group.Rows = append(group.Rows, Row{line.Name, line.Cost(use), 1})
	}
	return group
}

// decimals returns how many decimals show three digits, and at least one.
func decimals(value float64) int {
	switch {
	case value >= 1000:
		return 0
	case value >= 0.1 || value == 0:
		return 1
	default:
		return 4
	}
}

func (r Row) text(value float64) string { return strconv.FormatFloat(value, 'f', r.Decimals, 64) }

// Replace returns a document with the table in its place.
func (t Table) Replace(document string) (string, error) {
	before, _, after, err := cut(document)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("\n| of a shipped order, on average | |\n|---|--:|\n")
	for _, group := range t {
		fmt.Fprintf(&text, "| **%s** | |\n", group.Title)
		for _, row := range group.Rows {
			fmt.Fprintf(&text, "| %s | %s |\n", row.Name, row.text(row.Value))
		}
	}
	return before + begin + text.String() + "\n" + end + after, nil
}

// Parse returns the values of the table in a document, which may be empty.
func Parse(document string) (Before, error) {
	_, table, _, err := cut(document)
	if err != nil {
		return nil, err
	}
	values := make(Before)
	title := ""
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 2 {
			continue
		}
		name, text := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
		if bold, isTitle := strings.CutPrefix(name, "**"); isTitle {
			title = strings.TrimSuffix(bold, "**")
		}
		if text == "" {
			continue
		}
		if values[[2]string{title, name}], err = strconv.ParseFloat(text, 64); err != nil {
			return nil, fmt.Errorf("the row %q of %q: %w", name, title, err)
		}
	}
	return values, nil
}

func cut(document string) (before, table, after string, err error) {
	before, rest, begins := strings.Cut(document, begin)
	table, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", "", "", errors.New("the document has no place for the cost of an order")
	}
	return before, table, after, nil
}

// Print writes the table beside a written one, with the change in per cent.
func (t Table) Print(to io.Writer, before Before) error {
	columns := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	var problems []error
	line := func(cells ...string) {
		_, err := fmt.Fprintln(columns, strings.Join(cells, "\t"))
		problems = append(problems, err)
	}
	line("of a shipped order, on average", "docs/cost.md", "now", "change")
	for _, group := range t {
		line("")
		line(group.Title)
		for _, row := range group.Rows {
			old, known := before[[2]string{group.Title, row.Name}]
			if !known {
				line("  "+row.Name, "-", row.text(row.Value), "")
				continue
			}
			line("  "+row.Name, row.text(old), row.text(row.Value), change(old, row.Value))
		}
	}
	return errors.Join(append(problems, columns.Flush())...)
}

// change returns a change in per cent, or nothing if it has none.
func change(old, now float64) string {
	if old == 0 {
		return ""
	}
	return fmt.Sprintf("%+.0f %%", (now-old)/old*100)
}
