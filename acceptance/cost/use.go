// Package cost has what an order uses of AWS, what that costs at list prices, and the
// table of both in docs/cost.md.
package cost

import (
	"maps"
	"slices"
	"strings"
)

// Quantity names what is used. Calls are named after their actions: dynamodb:GetItem.
type Quantity string

// What AWS bills.
const (
	WriteUnits         Quantity = "write units, with the index"
	ReadUnits          Quantity = "read units"
	BusChunks          Quantity = "events on the buses, forwarded ones included"
	Notifications      Quantity = "requests of API destinations"
	FIFORequests       Quantity = "requests for FIFO queues that functions read"
	StandardRequests   Quantity = "requests for standard queues that functions read"
	ObservabilitySends Quantity = "sends to queues that no function reads"
	Invocations        Quantity = "Lambda invocations"
	GBSeconds          Quantity = "Lambda GB-seconds"
	FunctionLogBytes   Quantity = "log bytes of the functions"
	EventLogBytes      Quantity = "bytes of the event log"
)

// What the payment sandbox uses, which stands for a payment provider.
const (
	SandboxCalls      Quantity = "calls of the payment sandbox"
	SandboxWriteUnits Quantity = "write units of the payment sandbox"
	SandboxReadUnits  Quantity = "read units of the payment sandbox"
)

// Quantities returns what is used besides calls, in the order of the table.
func Quantities() []Quantity {
	return []Quantity{
		WriteUnits, ReadUnits, BusChunks, Notifications, FIFORequests, StandardRequests, ObservabilitySends,
		Invocations, GBSeconds, FunctionLogBytes, EventLogBytes, SandboxCalls, SandboxWriteUnits, SandboxReadUnits,
	}
}

// Use is how much of each quantity was used.
type Use map[Quantity]float64

// Since returns what was used by each of n orders after an earlier measurement.
func (u Use) Since(before Use, n int) Use {
	used := make(Use)
	for quantity, amount := range u {
		used[quantity] = (amount - before[quantity]) / float64(n)
	}
	return used
}

// Calls returns the actions that were called, sorted.
func (u Use) Calls() []Quantity {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(u)), func(quantity Quantity) bool {
		return !strings.Contains(string(quantity), ":") || u[quantity] == 0
	})
}

// AllCalls returns how many calls there were of all actions.
func (u Use) AllCalls() float64 {
	total := 0.0
	for _, action := range u.Calls() {
		total += u[action]
	}
	return total
}
