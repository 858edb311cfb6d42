package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/printable"
)

// pageWidth is how many columns the page of an order has.
const pageWidth = 80

// page is the text of the page of an order.
type page struct {
	bytes.Buffer

	orderview.View
}

// printOrder prints all that is known about an order, for people.
func (o operator) printOrder(v orderview.View) error {
	p := &page{View: v}
	p.item("", "Order "+v.ID)
	p.item("", v.Sentence())
	p.facts()
	p.events()
	p.contexts()
	p.balance()
	p.deadLetters()
	p.log()
	_, err := o.stdout.Write(p.Bytes())
	return err
}

// item writes a text in lines of the page's width, behind a prefix that the other lines
// are indented by. A word that is longer than a line is not broken. Text from outside
// cannot control the terminal.
func (p *page) item(prefix, text string) {
	prefix = printable.Line(prefix)
	indent := utf8.RuneCountInString(prefix)
	p.WriteString(prefix)
	column := indent
	for i, word := range strings.Fields(text) {
		word = printable.Line(word)
		width := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+width > pageWidth:
			p.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			p.WriteByte(' ')
			column++
		}
		p.WriteString(word)
		column += width
	}
	p.WriteByte('\n')
}

func (p *page) title(text string) { p.WriteString("\n" + text + "\n") }

// after returns when something happened, from the placement of the order on.
func (p *page) after(t time.Time) string {
	return fmt.Sprintf("%10s  ", "+"+orderview.Span(max(t.Sub(p.Order.PlacedAt), 0)))
}

func (p *page) facts() {
	if p.Order.PlacedAt.IsZero() {
		return
	}
	facts := []string{"Customer " + p.Order.CustomerID, "placed " + p.Order.PlacedAt.UTC().Format(time.RFC3339Nano)}
	if len(p.TraceIDs) > 0 {
		facts = append(facts, "trace "+strings.Join(p.TraceIDs, ", "))
	}
	p.item("", strings.Join(facts, "; ")+".")
}

// events writes the events as a tree by their causes, and what is expected next.
func (p *page) events() {
	if len(p.Events) == 0 {
		return
	}
	p.title("EVENTS")
	depths := make(map[string]int)
	for _, e := range p.Events {
		depth := 0
		if cause, known := depths[e.Cause]; known {
			depth = cause + 1
		}
		depths[e.ID] = depth
		p.item(p.after(e.Time)+strings.Repeat(" ", depth), cmp.Or(e.Type, "not an event")+strings.Join(marks(e), ""))
	}
	for _, step := range p.Expected() {
		what := "status of the order"
		if len(step.Delivery.Next) > 0 {
			what = strings.Join(step.Delivery.Next, " or ")
		}
		prefix := fmt.Sprintf("%10s  ", "expected")
		p.item(prefix+strings.Repeat(" ", depths[step.ID]+1), fmt.Sprintf("%s, when %s has handled %s", what, orderview.Title(step.Delivery.Consumer), step.Type))
	}
}

// marks returns what is unusual about an event.
func marks(e orderview.Event) []string {
	var all []string
	mark := func(format string, arguments ...any) { all = append(all, "; "+fmt.Sprintf(format, arguments...)) }
	if e.Logged > 1 {
		mark("published %d times", e.Logged)
	}
	if e.Logged == 0 {
		mark("not in the event log")
	}
	if e.Invalid != "" {
		mark("%s", dlq.RootFirst(e.Invalid))
	}
	for _, d := range e.Deliveries {
		name := orderview.Title(d.Consumer)
		if d.Failed > 0 {
			mark("failed %d× in %s", d.Failed, name)
		}
		if d.Repeated() {
			mark("handled %d× by %s", d.Handled, name)
		}
		if d.DeadLetter != nil {
			mark("dead letter in %s", d.DeadLetter.Queue)
		}
	}
	return all
}

// contexts writes what each context has recorded.
func (p *page) contexts() {
	if len(p.Contexts) == 0 {
		return
	}
	p.title("RECORDS")
	for _, c := range p.Contexts {
		if c.Unreadable != nil {
			p.item(fmt.Sprintf("%-12s", orderview.Title(c.Name)), "cannot be read: "+dlq.RootFirst(c.Unreadable.Error()))
			continue
		}
		p.item(fmt.Sprintf("%-12s", orderview.Title(c.Name)), spaced(c.State))
	}
}

// spaced returns JSON with spaces at which a line can be broken.
func spaced(encoded json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", ""); err != nil {
		return string(encoded)
	}
	return out.String()
}

func (p *page) balance() {
	b := p.Balance
	if b.Reserved == nil {
		return
	}
	p.title(fmt.Sprintf("%-12s%-20s%s", "BALANCE", "HELD", "RETURNED"))
	row := func(what, held, returned string) { p.item(fmt.Sprintf("%-12s%-20s", what, held), returned) }
	stock := cmp.Or(orderview.Pieces(b.Released), "-")
	if b.Shipped != nil {
		stock = "shipped"
	}
	row("Stock", orderview.Pieces(b.Reserved), stock)
	if b.Taken.Amount > 0 {
		row("Money", orderview.Amount(b.Taken), amountOr(b.Refunded.Amount, orderview.Amount(b.Refunded)))
	}
	if b.Awarded > 0 {
		row("Points", fmt.Sprint(b.Awarded), amountOr(b.Revoked, fmt.Sprint(b.Revoked)))
	}
}

// amountOr returns the text of an amount, or a dash if it is zero.
func amountOr(amount int64, text string) string {
	if amount == 0 {
		return "-"
	}
	return text
}

func (p *page) deadLetters() {
	if len(p.DeadLetters) == 0 {
		return
	}
	p.title("DEAD LETTERS")
	for _, d := range p.DeadLetters {
		p.item("", fmt.Sprintf("%s in %s, of %s, %s old", d.ID, d.Queue, typeOf(d.Event), orderview.Span(max(p.ReadAt.Sub(d.Sent), 0))))
		p.item("  ", d.Why())
	}
}

// log writes the lines of the functions about the order, and about their processes that
// ended meanwhile.
func (p *page) log() {
	lines := slices.Concat(p.Lines, p.Ends)
	if len(lines) == 0 {
		return
	}
	slices.SortStableFunc(lines, func(a, b logs.Line) int { return a.Time.Compare(b.Time) })
	p.title("LOG")
	for _, line := range lines {
		text := logs.End(line.Text)
		if line.Message != "" {
			text = strings.TrimSpace(line.Message + " " + line.EventType)
		}
		if line.Error != "" {
			text += ": " + dlq.RootFirst(line.Error)
		}
		p.item(fmt.Sprintf("%s%-17s ", p.after(line.Time), line.Function), text)
	}
}
