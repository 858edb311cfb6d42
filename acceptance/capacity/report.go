package capacity

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/saga/acceptance/cost"
)

// Rates returns the orders a second that the page is about.
func Rates() []float64 { return []float64{1, 10, 100, 1000, 10_000} }

// LimitRows returns a table of all limits, with that first which is met at the lowest rate.
func (m Model) LimitRows() [][]string {
	limits := m.Limits()
	slices.SortStableFunc(limits, byRate)
	rows := [][]string{{"limit", "there is", "an order uses", "met at orders a second", "raised by"}}
	for _, l := range limits {
		rows = append(rows, []string{
			"[" + l.Service + "](" + l.Source + "): " + l.Name, thousands(l.Have), thousands(l.PerOrder), thousands(l.Rate()), l.Change,
		})
	}
	return rows
}

// SettingRows returns a table of what has to be set for each rate, and for how long the
// pollers of the queues become more after a jump from nothing.
func (m Model) SettingRows() [][]string {
	rows := [][]string{{"what to set, for orders a second"}}
	for _, rate := range Rates() {
		rows[0] = append(rows[0], thousands(rate))
	}
	for _, l := range m.Limits() {
		row := []string{l.Service + ": " + l.Name}
		for _, rate := range Rates() {
			value := "as it is"
			if needed := l.Needed(rate); needed > l.Have {
				value = thousands(needed)
			}
			row = append(row, value)
		}
		if slices.ContainsFunc(row[1:], func(value string) bool { return value != "as it is" }) {
			rows = append(rows, row)
		}
	}
	ramp := []string{"after a jump from nothing, all pollers read after, s"}
	for _, rate := range Rates() {
		ramp = append(ramp, thousands(m.rampTime(rate).Seconds()))
	}
	return append(rows, ramp)
}

// rampTime returns how long it takes until as many batches of each queue are read at once
// as orders need on average.
func (m Model) rampTime(rate float64) time.Duration {
	most := 0.0
	for _, l := range m.workers() {
		if l.Change == queueSetting {
			most = max(most, rate*l.PerOrder)
		}
	}
	return time.Duration(max(0, most-initialPollers) / pollersAMinute * float64(time.Minute)).Round(time.Second)
}

// FigureRows returns a table of all figures, and of what is measured.
func (m Model) FigureRows() [][]string {
	rows := [][]string{{"figure", "value", "source"}}
	for _, f := range Figures() {
		rows = append(rows, []string{f.Name, f.Value, f.Source})
	}
	return append(rows, []string{
		"computing of a vCPU for each call of AWS, with all that belongs to it",
		strconv.FormatFloat(m.Measured.CPU.Seconds()*1000, 'f', 1, 64) + " ms", "measured: [what an order costs](cost.md)",
	})
}

// month is as long as AWS's price calculator takes it to be.
const month = 730 * time.Hour

// LoadHead returns the headings of the rows of LoadRow.
func LoadHead() []string {
	return []string{
		"orders a second", "limits met as deployed", "50 %, ms", "90 %, ms", "99 %, ms", "longest, ms", "calls of AWS", "invocations",
		"USD for a million orders", "USD a month",
	}
}

// met returns how many limits so many orders a second meet as deployed.
func (m Model) met(rate float64) int {
	n := 0
	for _, l := range m.Limits() {
		if l.Rate() < rate {
			n++
		}
	}
	return n
}

// LoadRow simulates a load that lasts, with the settings for it, and returns a row of what
// an order takes, uses and costs.
func (m Model) LoadRow(rate float64, measure time.Duration, seed uint64) ([]string, Result) {
	settings := m.For(rate)
	settings.Busy = true
	result := m.Run(settings, seed, Phase{Rate: rate, For: measure / 2}, Phase{Rate: rate, For: measure})
	met := "none"
	if n := m.met(rate); n > 0 {
		first := m.First()
		met = fmt.Sprintf("%d, first %s: %s", n, first.Service, first.Name)
	}
	row := []string{thousands(rate), met}
	for _, share := range []float64{0.5, 0.9, 0.99, 1} {
		row = append(row, thousands(float64(result.Percentile(1, share).Milliseconds())))
	}
	use := result.Use
	use[cost.FunctionLogBytes], use[cost.EventLogBytes] = m.Measured.Use[cost.FunctionLogBytes], m.Measured.Use[cost.EventLogBytes]
	usd := cost.Total(cost.ProdBill(), use)
	return append(row,
		strconv.FormatFloat(use.AllCalls(), 'f', 1, 64), strconv.FormatFloat(use[cost.Invocations], 'f', 1, 64),
		strconv.FormatFloat(usd, 'f', 1, 64), thousands(usd*rate*month.Seconds()/1e6),
	), result
}

// Overload is a load of several times a capacity, which then falls to half of it, until no
// order of the overload is left.
type Overload struct {
	// Name is the heading of its column.
	Name            string
	Settings        Settings
	Capacity, Times float64
	For             time.Duration
}

// Run simulates an overload.
func (o Overload) Run(m Model, seed uint64) Result {
	return m.Run(o.Settings, seed,
		Phase{Rate: o.Times * o.Capacity, For: o.For}, Phase{Rate: o.Capacity / 2, For: longest, UntilCaughtUp: true})
}

// OverloadRows returns a table of overloads and their results.
func OverloadRows(m Model, overloads []Overload, results []Result) [][]string {
	number := func(n int) string { return thousands(float64(n)) }
	seconds := func(d ...time.Duration) string {
		return thousands(d[0].Seconds()) + " and " + thousands(d[1].Seconds())
	}
	rows := [][]string{
		{""},
		{"orders a second, before and after"},
		{"orders placed, accepted, ended"},
		{"dead letters"},
		{"most orders that had not ended"},
		{"until no order of the overload was left, after it, s"},
		{"an order of the overload, median and longest, s"},
		{"an order placed after it, median and longest, s"},
		{"orders past their deadline of " + thousands(m.Stack.Deadline.Hours()) + " hours"},
		{"responses 429 and 5xx of the order API"},
		{"invocations that were throttled and repeated"},
		{"calls of AWS that were throttled and repeated"},
		{"orders that the sweeper published again"},
	}
	for i, o := range overloads {
		r := results[i]
		for n, value := range []string{
			o.Name, thousands(o.Times*o.Capacity) + " and " + thousands(o.Capacity/2),
			number(r.Placed) + ", " + number(r.Accepted) + ", " + number(r.Ended), number(r.DeadLetters),
			number(r.Open), thousands((r.CaughtUp - o.For).Seconds()),
			seconds(r.Percentile(0, 0.5), r.Percentile(0, 1)), seconds(r.Percentile(1, 0.5), r.Percentile(1, 1)),
			number(r.Late), number(r.Errors),
			number(r.FunctionThrottles), number(r.Throttled),
			number(r.Republished),
		} {
			rows[n] = append(rows[n], value)
		}
	}
	return rows
}
