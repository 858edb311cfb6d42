package capacity

import (
	"fmt"
	"math"
	"time"

	"example.com/saga/acceptance/cost"
	"example.com/saga/pkg/contract"
)

// path has the events of an order that is shipped, in their order.
func path() []string {
	return []string{
		contract.OrderPlaced{}.EventType(), contract.StockReserved{}.EventType(), contract.PaymentTaken{}.EventType(),
		contract.PointsAwarded{}.EventType(), contract.OrderShipped{}.EventType(),
	}
}

// work is what a context does about an event of a shipped order.
type work struct {
	// begins: the record is written without being loaded, because there is none.
	begins bool
	// units are written to the context's table, indexed to an index of it.
	units, indexed float64
	// transaction: the units are of one transaction with the stock of a SKU.
	transaction bool
	// provider: the payment provider is called before. It is the sandbox, which writes a
	// unit to the same table.
	provider  bool
	publishes string
	// bit is that of the work in the orders that it is done for.
	bit uint32
}

// works returns what each context does, by its name and the types of events. Tests compare
// the sums with what is measured.
func works() map[string]map[string]work {
	events := path()
	all := map[string]map[string]work{
		contract.SourceWarehouse: {
			events[0]: {begins: true, units: 4, transaction: true, publishes: events[1]},
			events[3]: {units: 1, publishes: events[4]},
		},
		contract.SourcePayment: {events[1]: {units: 1, provider: true, publishes: events[2]}},
		contract.SourceLoyalty: {events[2]: {begins: true, units: 1, indexed: 1, publishes: events[3]}},
		contract.SourceOrder:   {events[4]: {units: 1, indexed: 1}},
	}
	for _, event := range events[1:4] {
		all[contract.SourceOrder][event] = work{units: 1}
	}
	bit := uint32(1)
	for _, byType := range all {
		for event, w := range byType {
			w.bit = bit
			byType[event], bit = w, bit<<1
		}
	}
	return all
}

// placing is what the order API does: the record and its entry in the index of open orders.
func placing() work { return work{begins: true, units: 1, indexed: 1, publishes: path()[0]} }

// Measured is what docs/cost.md has of an order.
type Measured struct {
	// CPU is the time of a vCPU for one call of AWS, with all that belongs to it.
	CPU time.Duration
	// Use is what an order uses under load.
	Use cost.Use
	// Alone are the calls and the invocations of an order that meets no other.
	AloneCalls, AloneInvocations float64
}

// ReadMeasured reads the table of docs/cost.md.
func ReadMeasured(document string) (Measured, error) {
	values, err := cost.Parse(document)
	if err != nil {
		return Measured{}, err
	}
	m := Measured{Use: make(cost.Use)}
	cpu := 0.0
	for key, value := range values {
		switch name := key[1]; {
		case name == "CPU of all functions, ms":
			cpu = value
		case key[0] == "One client, no two events in a batch" && name == "all calls of AWS":
			m.AloneCalls = value
		case key[0] == "One client, no two events in a batch" && name == string(cost.Invocations):
			m.AloneInvocations = value
		case key[0] == "Calls of AWS by the functions" && name != "all calls", key[0] == "What AWS bills":
			m.Use[cost.Quantity(name)] = value
		}
	}
	calls := m.Use.AllCalls() + m.Use[cost.SandboxCalls]
	if cpu == 0 || calls == 0 || m.AloneCalls == 0 || m.AloneInvocations == 0 {
		return m, fmt.Errorf("the measurement of an order has %g ms of CPU, %g calls, and alone %g calls and %g invocations", cpu, calls, m.AloneCalls, m.AloneInvocations)
	}
	m.CPU = time.Duration(cpu / calls * float64(time.Millisecond))
	return m, nil
}

// compute returns how long a function with so much memory computes for its calls of AWS.
func (m Measured) compute(calls, memoryMB float64) time.Duration {
	return time.Duration(float64(m.CPU) * calls * vcpuMB / memoryMB)
}

// calls returns the calls of AWS about n events of one kind, of n orders, in one batch.
func (w work) calls(n int) float64 {
	calls := float64(n)
	if !w.begins {
		calls++ // One BatchGetItem.
	}
	if w.provider {
		calls += float64(n)
	}
	if w.publishes != "" {
		calls += math.Ceil(float64(n) / eventsOfCall)
	}
	return calls
}

// eventsOfCall is how many events a call of PutEvents has at most.
const eventsOfCall = 10

// duration returns about how long a batch of n events of one kind takes.
func (w work) duration(m Measured, l latencies, memoryMB float64, n int) time.Duration {
	took := m.compute(w.calls(n), memoryMB)
	if !w.begins {
		took += l.read.slowest(1)
	}
	if w.provider {
		took += l.write.slowest(min(n, parallelism))
	}
	write := l.write
	if w.transaction {
		write = l.transact
	}
	took += write.slowest(min(n, parallelism)) + write.P50*time.Duration((n-1)/parallelism)
	if w.publishes != "" {
		took += l.putEvents.slowest(1)
	}
	return took
}
