package cloud

import (
	"context"
	"net/http"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
)

// Usage is the usage of the stack so far, by construct paths.
type Usage struct {
	Idle      bool                     `json:"idle"`
	Tables    map[string]TableUsage    `json:"tables"`
	Functions map[string]FunctionUsage `json:"functions"`
	Rules     map[string]RuleUsage     `json:"rules"`
	Queues    map[string]QueueUsage    `json:"queues"`
	Schedules map[string]ScheduleUsage `json:"schedules"`
	// Lost counts losses of all kinds.
	Lost int64 `json:"lost"`
	// DroppedForUnknownBus counts events that were published to a bus that
	// does not exist.
	DroppedForUnknownBus int `json:"droppedForUnknownBus"`
	// DuplicatedMessages counts the deliveries that were caused by a lost delete.
	DuplicatedMessages int `json:"duplicatedMessages"`
	// Faults counts how often each planned fault has occurred.
	Faults map[fault.Name]int `json:"faults"`
	// MemoryError is why the memory of the processes is unknown.
	MemoryError string `json:"memoryError,omitempty"`
}

// TableUsage is the usage of one table.
type TableUsage struct {
	Calls      map[string]int `json:"calls"`
	ReadUnits  float64        `json:"readUnits"`
	WriteUnits float64        `json:"writeUnits"`
}

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
	Events    int64     `json:"events"`
	Requests  int64     `json:"requests"`
	Processes []Process `json:"processes"`
}

// RuleUsage is the results of the events that a rule matched.
type RuleUsage struct {
	Matched        int `json:"matched"`
	Delivered      int `json:"delivered"`
	FailedAttempts int `json:"failedAttempts"`
	DeadLettered   int `json:"deadLettered"`
	Dropped        int `json:"dropped"`
}

// QueueUsage is how many messages are in a queue.
type QueueUsage struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`
}

// ScheduleUsage is how often a schedule has invoked its target, and how often
// that was refused.
type ScheduleUsage struct {
	Fired   int `json:"fired"`
	Refused int `json:"refused"`
}

// Usage returns the usage of the stack so far.
func (c *Cloud) Usage(ctx context.Context) Usage {
	usage := Usage{
		Idle:   c.Idle(),
		Tables: map[string]TableUsage{}, Functions: c.functionUsage(),
		Rules: map[string]RuleUsage{}, Queues: map[string]QueueUsage{}, Schedules: map[string]ScheduleUsage{},
		Lost:                 c.lost.Load(),
		DroppedForUnknownBus: c.buses.DroppedForUnknownBus(),
		DuplicatedMessages:   c.queues.Duplicated(),
		Faults:               c.faults(),
	}
	byName := c.tables.Usage()
	for resource := range assembly.Of[assembly.Table](c.assembly) {
		usage.Tables[resource.Path] = tableUsage(byName[resource.Name])
	}
	for resource := range assembly.Of[assembly.Rule](c.assembly) {
		counts, _ := c.buses.Counts(resource.ARN)
		usage.Rules[resource.Path] = ruleUsage(counts)
	}
	for resource := range assembly.Of[assembly.Queue](c.assembly) {
		usage.Queues[resource.Path] = queueUsage(c.queues.Counts(resource.ARN))
	}
	for resource := range assembly.Of[assembly.Schedule](c.assembly) {
		usage.Schedules[resource.Path] = ScheduleUsage(c.schedules.Counts(resource.ARN))
	}
	running, err := childProcesses(ctx)
	if err != nil {
		usage.MemoryError = err.Error()
	}
	for resource, given := range assembly.Of[assembly.Function](c.assembly) {
		total := usage.Functions[resource.Path]
		total.Processes = running[given.Bootstrap]
		usage.Functions[resource.Path] = total
	}
	return usage
}

func tableUsage(u dynamodb.Usage) TableUsage {
	return TableUsage{Calls: u.Calls, ReadUnits: u.ReadUnits, WriteUnits: u.WriteUnits}
}

func ruleUsage(c eventbridge.Counts) RuleUsage {
	return RuleUsage{c.Matched, c.Delivered, c.FailedAttempts, c.DeadLettered, c.Dropped}
}

func queueUsage(c sqs.Counts) QueueUsage { return QueueUsage{c.Visible, c.InFlight, c.Delayed} }

func (c *Cloud) functionUsage() map[string]FunctionUsage {
	usage := map[string]FunctionUsage{}
	for resource := range assembly.Of[assembly.Function](c.assembly) {
		total := FunctionUsage{Events: c.events[resource.ARN].Load(), Requests: c.requests[resource.ARN].Load()}
		for _, mapping := range c.functions.Mappings() {
			if mapping.FunctionARN == resource.ARN {
				total.add(mapping)
			}
		}
		usage[resource.Path] = total
	}
	return usage
}

func (u *FunctionUsage) add(mapping lambda.MappingStats) {
	u.Batches += mapping.Invocations
	u.Records += mapping.Records
	u.Failed += mapping.Failed
	u.LargestBatch = max(u.LargestBatch, mapping.LargestBatch)
}

func (c *Cloud) showUsage(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", c.Usage(r.Context()))
}

// polledQueuesEmpty reports whether the queues that functions read are empty.
func (c *Cloud) polledQueuesEmpty() bool {
	for _, mapping := range assembly.Of[assembly.EventSourceMapping](c.assembly) {
		if c.queues.Counts(mapping.EventSourceARN) != (sqs.Counts{}) {
			return false
		}
	}
	return true
}
