package acceptance

import (
	"testing"
	"time"
)

// BenchmarkOrders places orders at concurrency 16 and waits until no event is in transit.
// Besides the time it reports the calls and the capacity units of an order.
func BenchmarkOrders(b *testing.B) {
	began := time.Now()
	c := startCloud(b)
	ready := time.Since(began)
	before := c.usage(b)

	b.ResetTimer()
	c.placeMany(b, b.N, concurrency)
	c.settled(b)
	b.StopTimer()

	b.ReportMetric(ready.Seconds(), "s-to-ready")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
	after := c.usage(b)
	var calls, reads, writes float64
	for path, table := range after.Tables {
		for operation, n := range table.Calls {
			calls += float64(n - before.Tables[path].Calls[operation])
		}
		reads += table.ReadUnits - before.Tables[path].ReadUnits
		writes += table.WriteUnits - before.Tables[path].WriteUnits
	}
	b.ReportMetric(calls/float64(b.N), "dynamodb-calls/order")
	b.ReportMetric(reads/float64(b.N), "read-units/order")
	b.ReportMetric(writes/float64(b.N), "write-units/order")
	for path, function := range after.Functions {
		largest := 0
		for _, process := range function.Processes {
			largest = max(largest, process.RSSBytes)
		}
		b.ReportMetric(float64(largest)/(1<<20), path+"-MiB")
	}
}
