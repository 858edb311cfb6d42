package capacity

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"example.com/saga/pkg/contract"
)

// Limit is a quota of AWS, or a setting of the environment, that orders use up.
type Limit struct {
	Service, Name string
	// Have is what there is in production and in an account with default quotas.
	Have float64
	// PerOrder is how much one order a second uses.
	PerOrder float64
	// Change is what gives more.
	Change string
	Source string

	set func(*Settings, float64)
}

// Rate returns at how many orders a second the limit is met.
func (l Limit) Rate() float64 { return l.Have / l.PerOrder }

// openOrders is the limit of the one partition that has all open orders: an entry is
// written when an order is placed, and when it ends.
const openOrders = "write units a second of the index of open orders, one partition"

// queueSetting is the setting of infra/environment for the workers of queues.
const queueSetting = "Limits.QueueWorkers"

// What is set is this many times what orders use on average, and as many standard
// deviations more of a number that is random: few orders vary more than many.
const (
	headroom   = 1.5
	deviations = 3
)

func byRate(a, b Limit) int { return cmp.Compare(a.Rate(), b.Rate()) }

// Needed returns what to set for so many orders a second: at least what there is.
func (l Limit) Needed(rate float64) float64 {
	average := rate * l.PerOrder
	return max(l.Have, math.Ceil(average*headroom+deviations*math.Sqrt(average)))
}

// Settings are all limits of a simulation.
type Settings struct {
	PutEvents, Invocations, Destination, FIFO float64
	Concurrency                               float64
	// Workers are the batches of a queue at once, by its context, or the concurrency
	// that is reserved for a function that is invoked directly.
	Workers map[string]float64
	// Warm are the write units that a table sustains at once, by its context; Tables is
	// the quota of each.
	Warm   map[string]float64
	Tables float64
	// OpenOrders are the partitions of the index of open orders.
	OpenOrders int
	// Busy begins with the pollers and the environments of a load that has lasted.
	Busy bool
	// SKUs are those that orders are spread over evenly, each on a partition of its own.
	SKUs int
}

// Model is a stack with what is measured of an order.
type Model struct {
	Stack    Stack
	Measured Measured
}

// Limits returns what orders use up, without what scales without a quota.
func (m Model) Limits() []Limit {
	events := float64(len(path()))
	quota := "the quota, which is adjustable"
	limits := []Limit{
		{"EventBridge", "calls of PutEvents a second", putEventsQuota, events, quota, eventBridgePage, func(s *Settings, n float64) { s.PutEvents = n }},
		{"EventBridge", "invocations of targets a second", invocationsQuota, m.invocations(), quota, eventBridgePage, func(s *Settings, n float64) { s.Invocations = n }},
		{"EventBridge", "requests a second to the notification endpoint", destinationQuota, 1, quota, eventBridgePage, func(s *Settings, n float64) { s.Destination = n }},
		{"SQS", "sends a second to FIFO queues", fifoQuota, float64(len(works()[contract.SourceWarehouse])), quota, fifoPage, func(s *Settings, n float64) { s.FIFO = n }},
		{"CloudWatch Logs", "calls of PutLogEvents a second, one for each event", putLogEventsQuota, events, quota, logsPage, notSimulated},
	}
	limits = append(limits, m.workers()...)
	limits = append(limits, m.tables()...)
	return append(limits, Limit{
		"DynamoDB", openOrders, partitionWrites, 2, "`OpenOrders` in the settings", partitionPage,
		func(s *Settings, n float64) { s.OpenOrders = int(math.Ceil(n / partitionWrites)) },
	})
}

// notSimulated is for a limit that is in no simulation.
func notSimulated(*Settings, float64) {}

// invocations returns how many targets the events of an order are sent to. The archive is
// one of each event on its bus.
func (m Model) invocations() float64 {
	n := 0
	for _, event := range path() {
		n += m.invocationsOf(m.publisher(event), event)
	}
	return float64(n)
}

func (m Model) invocationsOf(bus, event string) int {
	n := 0
	if bus == m.Stack.archived {
		n++
	}
	for _, rule := range m.Stack.matching(bus, event) {
		n++
		if rule.kind == busType {
			n += m.invocationsOf(rule.target, event)
		}
	}
	return n
}

// publisher returns the bus on which an event is published.
func (m Model) publisher(event string) string {
	for service, byType := range works() {
		for _, w := range byType {
			if w.publishes == event {
				return m.Stack.publishes(service)
			}
		}
	}
	return m.Stack.archived // order.placed
}

// workers returns the limits of concurrency: a setting for each context, and the quota of
// the account. The time that an order takes of them is that of its events in full batches,
// which is the least.
func (m Model) workers() []Limit {
	usual := usualLatencies()
	api := m.Stack.functions[m.Stack.api]
	placed := placing()
	total := placed.duration(m.Measured, usual, api.memory, 1).Seconds()
	limits := []Limit{{
		"Lambda", "new environments of the order API in 10 s, after a jump from nothing", scaling, total + usual.coldStart.P50.Seconds(),
		"provisioned concurrency", scalingPage, notSimulated,
	}}
	for _, service := range slices.Sorted(maps.Keys(works())) {
		function, mapped := m.Stack.worker(service)
		have, change, batch, page := cmp.Or(float64(m.Stack.functions[function].reserved), concurrency), "Limits.DirectWorkers", 1, reservedPage
		if mapped != nil {
			largest := slices.MaxFunc(mapped, func(a, b mapping) int { return a.batch - b.batch })
			have, change, batch, page = cmp.Or(largest.concurrency, maximumPollers), queueSetting, largest.batch, mappingPage
		}
		seconds := 0.0
		for _, w := range works()[service] {
			seconds += w.duration(m.Measured, usual, m.Stack.functions[function].memory, batch).Seconds() / float64(batch)
		}
		total += seconds
		limits = append(limits, Limit{
			"Lambda", "executions of " + short(function) + " at once", have, seconds, change, page,
			func(s *Settings, n float64) { s.Workers[service] = n },
		})
	}
	return append(limits, Limit{
		"Lambda", "executions of the account at once", concurrency, total, "the quota, which is adjustable", concurrencyPage,
		func(s *Settings, n float64) { s.Concurrency = n },
	})
}

// tables returns the limits of each table, if every event is written alone.
func (m Model) tables() []Limit {
	units, reads := map[string]float64{contract.SourceOrder: placing().units}, make(map[string]float64)
	for service, byType := range works() {
		for _, w := range byType {
			units[service] += w.units
			if !w.begins {
				reads[service]++
			}
			if w.provider {
				units[service]++
			}
		}
	}
	var limits []Limit
	for _, service := range slices.Sorted(maps.Keys(works())) {
		limits = append(limits, Limit{
			"DynamoDB", "write units a second of the table of " + service + ", new", warmWrites, units[service], "WarmThroughput of the table", warmPage,
			func(s *Settings, n float64) { s.Warm[service] = n },
		})
	}
	return append(limits, Limit{
		"DynamoDB", "read units a second of the table of order, new", warmReads, reads[contract.SourceOrder], "WarmThroughput of the table", warmPage, notSimulated,
	}, Limit{
		"DynamoDB", "write units a second of one table", tableWrites, slices.Max(slices.Collect(maps.Values(units))), "the quota, which is adjustable", tablePage,
		func(s *Settings, n float64) { s.Tables = n },
	})
}

// AsDeployed returns the settings of production with default quotas.
func (m Model) AsDeployed() Settings { return m.settings(func(l Limit) float64 { return l.Have }) }

// For returns the settings for so many orders a second.
func (m Model) For(rate float64) Settings {
	return m.settings(func(l Limit) float64 { return l.Needed(rate) })
}

func (m Model) settings(value func(Limit) float64) Settings {
	s := Settings{Workers: make(map[string]float64), Warm: make(map[string]float64), SKUs: 10_000}
	for _, limit := range m.Limits() {
		limit.set(&s, value(limit))
	}
	return s
}

// First returns the limit that is met at the lowest rate.
func (m Model) First() Limit {
	return slices.MinFunc(m.Limits(), byRate)
}

// thousands returns a number with separators, and three digits at least.
func thousands(value float64) string {
	if value < 100 && value != math.Trunc(value) {
		return strconv.FormatFloat(value, 'g', 2, 64)
	}
	digits := strconv.FormatFloat(math.Round(value), 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
