package capacity

import (
	"slices"
	"time"

	"example.com/saga/acceptance/cost"
)

// Phase is a time in which orders are placed at a rate, at random moments.
type Phase struct {
	Rate float64 // orders a second
	For  time.Duration
	// UntilCaughtUp ends the phase earlier, as soon as no order of the first one is left.
	UntilCaughtUp bool
}

// Result is what a simulation has counted.
type Result struct {
	Placed, Accepted, Refused, Ended int
	// Errors are responses of the order API that customers repeat their request after.
	Errors            int
	Throttled         int // calls of AWS
	FunctionThrottles int
	Conflicts         int
	Republished       int
	DeadLetters       int
	// Open is the highest number of orders that had not ended.
	Open int
	// CaughtUp is when the last order of the first phase ended, after the beginning.
	CaughtUp time.Duration
	// Late are orders that ended after their deadline: the sweeper would have cancelled
	// them.
	Late int
	// Use is what an order has used on average.
	Use cost.Use

	// ofPhase has the latencies of the orders that were placed in each phase.
	ofPhase [][]time.Duration
	// left are the orders of each phase that have not ended.
	left []int
}

// longest is how long a simulation waits for the end of the orders.
const longest = 24 * time.Hour

// Run simulates phases one after the other, and then until every accepted order has ended
// and nothing waits, or for the longest time.
func (m Model) Run(settings Settings, seed uint64, phases ...Phase) Result {
	s := newSaga(m, settings, seed)
	s.ofPhase, s.left = make([][]time.Duration, len(phases)), make([]int, len(phases))
	var end time.Duration
	for i, phase := range phases {
		s.arrive(phase, end, i)
		end += phase.For
	}
	for until := sweepEvery; (len(s.heap) > 0 || s.Ended < s.Accepted) && until < end+longest; until += sweepEvery {
		for s.step(until) {
		}
		s.now = until
		s.sweep()
	}
	s.Use = make(cost.Use)
	for quantity, n := range s.use {
		s.Use[quantity] = n / float64(max(1, s.Accepted))
	}
	return s.Result
}

// arrive places the orders of a phase.
func (s *saga) arrive(phase Phase, from time.Duration, number int) {
	wait := func() time.Duration { return time.Duration(s.ExpFloat64() / phase.Rate * float64(time.Second)) }
	var next func()
	next = func() {
		if s.now >= from+phase.For || phase.UntilCaughtUp && s.left[0] == 0 {
			return
		}
		s.Placed++
		s.left[number]++
		s.Open = max(s.Open, s.Placed-s.Refused-s.Ended)
		s.place(&order{phase: number, begun: s.now, sku: s.skus[s.IntN(len(s.skus))]}, 1)
		s.after(wait(), next)
	}
	s.after(from+wait(), next)
}

// end counts the end of an order.
func (s *saga) end(o *order) {
	s.Ended++
	took := o.ended - o.begun
	if took > s.Stack.Deadline {
		s.Late++
	}
	if o.phase == 0 {
		s.CaughtUp = s.now
	}
	s.left[o.phase]--
	s.ofPhase[o.phase] = append(s.ofPhase[o.phase], took)
}

// Percentile returns how long a share of the orders of a phase took at most, from the
// request to the notification: 1 is the longest.
func (r Result) Percentile(phase int, share float64) time.Duration {
	took := r.ofPhase[phase]
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(share*float64(len(took))))]
}
