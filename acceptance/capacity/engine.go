// Package capacity simulates the saga's way through AWS on virtual time: how many orders a
// second its quotas and settings allow, how long an order takes, what it costs, and what
// becomes of a backlog.
//
// A message is an entry in a heap of events, and no goroutine. A run depends on its seed
// alone. Figures has every quota and latency with its source, limits.go which of them an
// order uses, resource.go how each behaves when there is too much for it.
package capacity

import (
	"math"
	"math/rand/v2"
	"time"
)

// engine runs scheduled functions in the order of their times.
type engine struct {
	*rand.Rand

	now  time.Duration
	heap []scheduled
	next uint64
}

type scheduled struct {
	at time.Duration
	// order is that of the scheduling, so that a run can be repeated exactly.
	order uint64
	run   func()
}

func newEngine(seed uint64) *engine {
	return &engine{Rand: rand.New(rand.NewPCG(seed, 0))}
}

func (s scheduled) before(other scheduled) bool {
	return s.at < other.at || s.at == other.at && s.order < other.order
}

// after schedules a function.
func (e *engine) after(delay time.Duration, run func()) {
	e.heap = append(e.heap, scheduled{e.now + delay, e.next, run})
	e.next++
	for child := len(e.heap) - 1; child > 0; {
		parent := (child - 1) / 2
		if !e.heap[child].before(e.heap[parent]) {
			break
		}
		e.heap[child], e.heap[parent] = e.heap[parent], e.heap[child]
		child = parent
	}
}

// step runs the earliest function, and reports whether there was one before a time.
func (e *engine) step(until time.Duration) bool {
	if len(e.heap) == 0 || e.heap[0].at > until {
		return false
	}
	first, last := e.heap[0], len(e.heap)-1
	e.heap[0], e.heap[last] = e.heap[last], scheduled{}
	e.heap = e.heap[:last]
	for parent := 0; ; {
		child := 2*parent + 1
		if child >= last {
			break
		}
		if child+1 < last && e.heap[child+1].before(e.heap[child]) {
			child++
		}
		if !e.heap[child].before(e.heap[parent]) {
			break
		}
		e.heap[child], e.heap[parent] = e.heap[parent], e.heap[child]
		parent = child
	}
	e.now = first.at
	first.run()
	return true
}

// sample draws a latency.
func (e *engine) sample(l Latency) time.Duration {
	return l.at(e.NormFloat64())
}

// Latency is a log-normal distribution of latencies.
type Latency struct{ P50, P99 time.Duration }

// z99 is how many standard deviations the 99th percentile of a normal distribution is
// above its mean.
const z99 = 2.3263

// at returns the latency that is z standard deviations above the median.
func (l Latency) at(z float64) time.Duration {
	return time.Duration(float64(l.P50) * math.Exp(z*math.Log(float64(l.P99)/float64(l.P50))/z99))
}

// slowest returns about the longest of n latencies.
func (l Latency) slowest(n int) time.Duration {
	share := float64(n) / float64(n+1)
	return l.at(math.Sqrt2 * math.Erfinv(2*share-1))
}
