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

// FigureRows returns a table of all figures.
func FigureRows() [][]string {
	rows := [][]string{{"figure", "value", "source"}}
	for _, f := range Figures() {
		rows = append(rows, []string{f.Name, f.Value, f.Source})
	}
	return rows
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

// Overload is a load of several times the capacity of the settings, which then falls to
// half of the capacity.
type Overload struct {
	Times    float64
	For      time.Duration
	Settings Settings
	Capacity float64
}

// OverloadRows simulates an overload, and returns a table of it.
func (m Model) OverloadRows(o Overload, seed uint64) ([][]string, Result) {
	result := m.Run(o.Settings, seed, Phase{Rate: o.Times * o.Capacity, For: o.For}, Phase{Rate: o.Capacity / 2, For: 24 * time.Hour, UntilCaughtUp: true})
	caught := result.CaughtUp - o.For
	seconds := func(d time.Duration) string { return thousands(d.Seconds()) }
	return [][]string{
		{fmt.Sprintf("%s times the capacity for %s, and then half of it", thousands(o.Times), o.For), ""},
		{"orders a second before and after", thousands(o.Times*o.Capacity) + " and " + thousands(o.Capacity/2)},
		{"orders placed, accepted, ended", thousands(float64(result.Placed)) + ", " + thousands(float64(result.Accepted)) + ", " + thousands(float64(result.Ended))},
		{"dead letters", thousands(float64(result.DeadLetters))},
		{"most orders that had not ended", thousands(float64(result.Open))},
		{"after the overload, until no order of it was left, s", seconds(caught)},
		{"an order of the overload, median and longest, s", seconds(result.Percentile(0, 0.5)) + " and " + seconds(result.Percentile(0, 1))},
		{"an order placed after it, median and longest, s", seconds(result.Percentile(1, 0.5)) + " and " + seconds(result.Percentile(1, 1))},
		{"orders past their deadline of " + m.Stack.Deadline.String(), thousands(float64(result.Late))},
		{"responses 429 and 5xx of the order API", thousands(float64(result.Errors))},
		{"invocations that were throttled and repeated", thousands(float64(result.FunctionThrottles))},
		{"calls of AWS that were throttled and repeated", thousands(float64(result.Throttled))},
		{"orders that the sweeper published again", thousands(float64(result.Republished))},
	}, result
}
