package capacity

import (
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/cost"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/pkg/contract"
)

var update = flag.Bool("update", false, "write the generated tables into docs/capacity.md")

const document = "../../docs/capacity.md"

// production returns the model of the production template.
func production(t *testing.T) Model {
	t.Helper()
	stack, err := Read([]byte(generated.Read(t, "../../infra/testdata/prod.golden.json")))
	if err != nil {
		t.Fatal(err)
	}
	measured, err := ReadMeasured(generated.Read(t, "../../docs/cost.md"))
	if err != nil {
		t.Fatal(err)
	}
	return Model{stack, measured}
}

func steady(rate float64, lasting time.Duration) Phase { return Phase{Rate: rate, For: lasting} }

// The model has its own list of what each step does, so that a queue can be simulated. It
// must be what the programs were measured to do.
func TestAnOrderUsesWhatIsMeasured(t *testing.T) {
	m := production(t)
	use := m.Run(m.For(1), 1, steady(1, 10*time.Minute)).Use
	calls := use.AllCalls()
	for name, pair := range map[string][2]float64{
		"calls of AWS":      {calls, m.Measured.AloneCalls},
		"invocations":       {use[cost.Invocations], m.Measured.AloneInvocations},
		"write units":       {use[cost.WriteUnits], m.Measured.Use[cost.WriteUnits]},
		"read units":        {use[cost.ReadUnits], m.Measured.Use[cost.ReadUnits]},
		"events":            {use[cost.BusChunks], m.Measured.Use[cost.BusChunks]},
		"notifications":     {use[cost.Notifications], m.Measured.Use[cost.Notifications]},
		"calls of provider": {use[cost.SandboxCalls], m.Measured.Use[cost.SandboxCalls]},
	} {
		if got, want := pair[0], pair[1]; want == 0 || math.Abs(got-want) > want/10 {
			t.Errorf("an order uses %.2f %s, and is measured to use %.2f", got, name, want)
		}
	}
}

func TestTheSameSeedRepeatsARun(t *testing.T) {
	m := production(t)
	run := func(seed uint64) Result { return m.Run(m.AsDeployed(), seed, steady(50, 5*time.Second)) }
	if diff := cmp.Diff(run(7), run(7), cmp.AllowUnexported(Result{})); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if run(7).Percentile(0, 1) == run(8).Percentile(0, 1) {
		t.Error("another seed makes the same run")
	}
}

// Each limit alone: everything else is set for many more orders.
func TestALimitIsMetInTheSimulationAtTheRateOfItsArithmetic(t *testing.T) {
	m := production(t)
	for name, set := range map[string]func(*Settings, Settings){
		"executions of WarehouseWorker at once": func(s *Settings, d Settings) {
			s.Workers[contract.SourceWarehouse] = d.Workers[contract.SourceWarehouse]
		},
		"executions of LoyaltyWorker at once": func(s *Settings, d Settings) {
			s.Workers[contract.SourceLoyalty] = d.Workers[contract.SourceLoyalty]
		},
		"requests a second to the notification endpoint": func(s *Settings, d Settings) { s.Destination = d.Destination },
		openOrders: func(s *Settings, d Settings) { s.OpenOrders = d.OpenOrders },
	} {
		t.Run(name, func(t *testing.T) {
			rate := m.limit(t, name).Rate()
			run := func(share float64) Result {
				s := m.For(10 * rate)
				s.Busy = true
				set(&s, m.AsDeployed())
				return m.Run(s, 1, steady(share*rate, 8*time.Second))
			}
			below, above := run(0.7), run(1.4)
			if pressed(below) {
				t.Errorf("at 70 %% of %.0f orders a second 90 %% take %v, and %d calls are throttled", rate, below.Percentile(0, 0.9), below.Throttled)
			}
			if !pressed(above) {
				t.Errorf("at 140 %% of %.0f orders a second 90 %% take %v", rate, above.Percentile(0, 0.9))
			}
		})
	}
}

// pressed reports whether there was too much for a limit.
func pressed(r Result) bool {
	return r.Throttled > r.Placed/100 || r.Percentile(0, 0.9) > 2*time.Second
}

func (m Model) limit(t *testing.T, name string) Limit {
	t.Helper()
	for _, l := range m.Limits() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("there is no limit %q", name)
	return Limit{}
}

func TestNothingIsLostInAnOverload(t *testing.T) {
	m := production(t)
	result := m.overloads(10 * time.Second)[0].Run(m, 1)
	if result.Ended != result.Accepted || result.Accepted != result.Placed-result.Refused || result.DeadLetters != 0 || result.Late != 0 {
		t.Errorf("of %d orders %d were accepted and %d have ended, with %d dead letters and %d after the deadline",
			result.Placed, result.Accepted, result.Ended, result.DeadLetters, result.Late)
	}
	if result.FunctionThrottles == 0 || result.CaughtUp < 15*time.Second {
		t.Errorf("there was no backlog: %+v", result)
	}
}

// The sweeper is the only way of an order whose first event was not published.
func TestASweepPublishesWhatPutEventsHasRefused(t *testing.T) {
	m := production(t)
	s := m.For(100)
	s.PutEvents = 60
	result := m.Run(s, 1, steady(100, 10*time.Second))
	if result.Ended != result.Accepted || result.DeadLetters != 0 {
		t.Errorf("%d of %d orders have ended, with %d dead letters", result.Ended, result.Accepted, result.DeadLetters)
	}
	if result.Republished == 0 {
		t.Error("no order was published again")
	}
}

func TestTransactionsOnOneItemAreInConflictIfTheyOverlap(t *testing.T) {
	m := production(t)
	s := m.For(100)
	s.Busy = true
	spread := m.Run(s, 1, steady(100, 10*time.Second))
	s.SKUs = 1
	hot := m.Run(s, 1, steady(100, 10*time.Second))
	if spread.Conflicts > spread.Placed/100 || hot.Conflicts < hot.Placed || hot.Ended != hot.Accepted {
		t.Errorf("of %d orders for many SKUs %d were in conflict, of %d for one %d; %d of these have ended",
			spread.Placed, spread.Conflicts, hot.Placed, hot.Conflicts, hot.Ended)
	}
}

func TestTheGeneratedTablesInTheDocsAreThoseOfTheModel(t *testing.T) {
	m := production(t)
	generated.CheckBetween(t, document, map[string]string{
		"limits":   markdown.Table(m.LimitRows(), "--:"),
		"settings": markdown.Table(m.SettingRows(), "--:"),
		"figures":  markdown.Table(m.FigureRows(), "---"),
	}, *update)
}

// loads returns how long a load is simulated, so that enough orders are placed.
func loads(rate float64) time.Duration {
	return time.Duration(max(10, min(600, 2000/rate))) * time.Second
}

// CAPACITY=1 simulates all rates and the overload, and writes them with -update. Without
// it, only the first rows are compared.
func TestTheSimulatedTablesInTheDocsAreThoseOfTheModel(t *testing.T) {
	m := production(t)
	all := os.Getenv("CAPACITY") != ""
	rows := [][]string{LoadHead()}
	for _, rate := range Rates() {
		if rate > 10 && !all {
			break
		}
		row, result := m.LoadRow(rate, loads(rate), 1)
		if result.Ended != result.Accepted || result.Errors+result.Throttled+result.DeadLetters > 0 {
			t.Errorf("at %g orders a second %d of %d have ended, with %d errors, %d throttled calls and %d dead letters",
				rate, result.Ended, result.Placed, result.Errors, result.Throttled, result.DeadLetters)
		}
		t.Log(row)
		rows = append(rows, row)
	}
	if !all {
		if written := generated.Between(t, document, "loads"); !strings.HasPrefix(written, markdown.Table(rows, "--:")) {
			t.Errorf("the table of loads does not begin with\n%sbut is\n%s", markdown.Table(rows, "--:"), written)
		}
		return
	}
	var results []Result
	overloads := m.overloads(10 * time.Minute)
	for _, o := range overloads {
		result := o.Run(m, 1)
		if result.Ended != result.Accepted || result.DeadLetters != 0 {
			t.Errorf("%s: %d of %d orders have ended, with %d dead letters", o.Name, result.Ended, result.Accepted, result.DeadLetters)
		}
		results = append(results, result)
	}
	generated.CheckBetween(t, document, map[string]string{
		"loads":    markdown.Table(rows, "--:"),
		"overload": markdown.Table(OverloadRows(m, overloads, results), "--:"),
	}, *update)
}

// overloads returns three times the capacity, as deployed, and where Loyalty can handle
// that.
func (m Model) overloads(lasting time.Duration) []Overload {
	const times = 3
	capacity := m.First().Rate()
	deployed, more := m.AsDeployed(), m.AsDeployed()
	more.Workers[contract.SourceLoyalty] = m.For(times * capacity).Workers[contract.SourceLoyalty]
	return []Overload{
		{"as deployed", deployed, capacity, times, lasting},
		{"`Limits.DirectWorkers` = " + thousands(more.Workers[contract.SourceLoyalty]), more, capacity, times, lasting},
	}
}
