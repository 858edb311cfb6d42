package cloud

import (
	"context"
	"net/http"
	"time"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/cloudwatchlogs"
	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/scheduler"
	"example.com/saga/localcloud/sqs"
)

// What is counted of buses, functions and API destinations.
const (
	countedEvents   = "events"
	countedChunks   = "chunks"
	countedRequests = "requests"
)

// chunk is the size that EventBridge bills as one event.
const chunk = 64 << 10

// Usage is the usage of the stack so far, by construct paths.
type Usage struct {
	Idle      bool                     `json:"idle"`
	Tables    map[string]TableUsage    `json:"tables"`
	Functions map[string]FunctionUsage `json:"functions"`
	Rules     map[string]RuleUsage     `json:"rules"`
	Queues    map[string]QueueUsage    `json:"queues"`
	Schedules map[string]ScheduleUsage `json:"schedules"`
	Buses     map[string]BusUsage      `json:"buses"`
	LogGroups map[string]LogUsage      `json:"logGroups"`
	// Destinations counts the requests of each API destination, repeated ones too.
	Destinations map[string]int `json:"destinations"`
	// Lost counts losses of all kinds.
	Lost int64 `json:"lost"`
	// DroppedForUnknownBus counts events that were published to a bus that
	// does not exist.
	DroppedForUnknownBus int `json:"droppedForUnknownBus"`
	// DuplicatedMessages counts the deliveries that were caused by a lost delete.
	DuplicatedMessages int `json:"duplicatedMessages"`
	// Faults counts how often each fault has occurred that is, or once was, planned.
	Faults map[fault.Name]int `json:"faults"`
	// MemoryError is why the memory of the processes is unknown.
	MemoryError string `json:"memoryError,omitempty"`
}

// What the engines count themselves.
type (
	// TableUsage is the usage of one table.
	TableUsage = dynamodb.Usage
	// RuleUsage is the results of the events that a rule matched.
	RuleUsage = eventbridge.Counts
	// LogUsage is what a log group has taken in.
	LogUsage = cloudwatchlogs.Ingested
	// ScheduleUsage is how often a schedule has invoked its target, and how often
	// that was refused.
	ScheduleUsage = scheduler.Counts
)

// FunctionUsage is the usage of one function.
type FunctionUsage struct {
	// Batches counts the invocations for messages of a queue, and Records the
	// messages in them; Failed those that were not deleted after it.
	Batches      int `json:"batches"`
	Records      int `json:"records"`
	Failed       int `json:"failed"`
	LargestBatch int `json:"largestBatch"`
	// Events counts the events from rules, Requests the requests to the function
	// URL.
	Events   int `json:"events"`
	Requests int `json:"requests"`
	// Calls counts its calls of AWS's APIs by action, such as dynamodb:GetItem.
	Calls map[string]int `json:"calls"`
	// Invocations counts failed ones too.
	Invocations int `json:"invocations"`
	// Versions has the part of the invocations of each version.
	Versions map[string]int `json:"versions"`
	// BilledMilliseconds is how long the invocations took together, each rounded up.
	BilledMilliseconds int64 `json:"billedMilliseconds"`
	MemoryMB           int   `json:"memoryMb"`
	// InitMilliseconds are the times from the start of each process until it
	// requested its first event.
	InitMilliseconds []float64 `json:"initMilliseconds"`
	// Processes are those that run, and all that they have started.
	Processes []Process `json:"processes"`
}

// QueueUsage is how many messages are in a queue, and the requests for it so far,
// in which a batch is one.
type QueueUsage struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`
	Sends    int `json:"sends"`
	// Receives returned messages, EmptyReceives did not.
	Receives      int `json:"receives"`
	EmptyReceives int `json:"emptyReceives"`
	Deletes       int `json:"deletes"`
	OtherRequests int `json:"otherRequests"`
}

// BusUsage is how many events a bus has accepted, from other buses too, and how
// many chunks of 64 KB they have, each of which is billed as an event.
type BusUsage struct {
	Events int `json:"events"`
	Chunks int `json:"chunks"`
}

// Usage returns the usage of the stack so far.
func (c *Cloud) Usage(ctx context.Context) Usage {
	tables := c.tables.Usage()
	running, err := listProcesses(ctx)
	usage := Usage{
		Idle:      c.Idle(),
		Functions: c.functionUsage(running),
		Tables:    byPath[assembly.Table](c.assembly, func(r assembly.Resource) TableUsage { return tables[r.Name] }),
		Rules: byPath[assembly.Rule](c.assembly, func(r assembly.Resource) RuleUsage {
			counts, _ := c.buses.Counts(r.ARN)
			return counts
		}),
		Queues: byPath[assembly.Queue](c.assembly, func(r assembly.Resource) QueueUsage {
			return queueUsage(c.queues.Counts(r.ARN), c.queues.Requests(r.ARN))
		}),
		Schedules: byPath[assembly.Schedule](c.assembly, func(r assembly.Resource) ScheduleUsage { return c.schedules.Counts(r.ARN) }),
		Buses: byPath[assembly.EventBus](c.assembly, func(r assembly.Resource) BusUsage {
			counts := c.counted.of(r.ARN)
			return BusUsage{Events: counts[countedEvents], Chunks: counts[countedChunks]}
		}),
		LogGroups:    byPath[assembly.LogGroup](c.assembly, func(r assembly.Resource) LogUsage { return c.logs.Ingested(r.Name) }),
		Destinations: byPath[assembly.APIDestination](c.assembly, func(r assembly.Resource) int { return c.counted.of(r.ARN)[countedRequests] }),

		Lost:                 c.lost.Load(),
		DroppedForUnknownBus: c.buses.DroppedForUnknownBus(),
		DuplicatedMessages:   c.queues.Duplicated(),
		Faults:               c.faults.Hits(),
	}
	for resource, rule := range assembly.Of[assembly.Rule](c.assembly) {
		if rule.ScheduleExpression != "" {
			usage.Schedules[resource.Path] = c.schedules.Counts(resource.ARN)
		}
	}
	if err != nil {
		usage.MemoryError = err.Error()
	}
	return usage
}

func queueUsage(c sqs.Counts, r sqs.Requests) QueueUsage {
	return QueueUsage{c.Visible, c.InFlight, c.Delayed, r.Sends, r.Receives, r.EmptyReceives, r.Deletes, r.Others}
}

func (c *Cloud) functionUsage(running processes) map[string]FunctionUsage {
	mappings := c.functions.Mappings()
	return byPath[assembly.Function](c.assembly, func(r assembly.Resource) FunctionUsage {
		stats, counts := c.functions.Stats(r.ARN), c.counted.of(r.ARN)
		usage := FunctionUsage{
			Events: counts[countedEvents], Requests: counts[countedRequests], Calls: c.calls.made.of(r.Path),
			Invocations: stats.Invocations, Versions: stats.Versions, BilledMilliseconds: stats.Billed.Milliseconds(),
			MemoryMB: stats.MemoryMB, InitMilliseconds: []float64{}, Processes: running.of(stats.Processes),
		}
		for _, took := range stats.Inits {
			usage.InitMilliseconds = append(usage.InitMilliseconds, float64(took)/float64(time.Millisecond))
		}
		for _, mapping := range mappings {
			if function, _ := lambda.SplitARN(mapping.FunctionARN); function == r.ARN {
				usage.Batches += mapping.Invocations
				usage.Records += mapping.Records
				usage.Failed += mapping.Failed
				usage.LargestBatch = max(usage.LargestBatch, mapping.LargestBatch)
			}
		}
		return usage
	})
}

func (c *Cloud) showUsage(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", c.Usage(r.Context()))
}

// showIdle answers once nothing is pending.
func (c *Cloud) showIdle(w http.ResponseWriter, r *http.Request) {
	if err := c.AwaitIdle(r.Context()); err == nil { // Otherwise the client waits no more.
		w.WriteHeader(http.StatusNoContent)
	}
}

// polledQueuesEmpty reports whether the queues that functions read are empty.
func (c *Cloud) polledQueuesEmpty() bool {
	for _, mapping := range c.functions.Mappings() {
		if !mapping.IsDisabled && c.queues.Counts(mapping.QueueARN) != (sqs.Counts{}) {
			return false
		}
	}
	return true
}
