package dynamodb_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkMemory stores 10,000 items of 1 KB, and reports what each takes beyond
// its data.
func BenchmarkMemory(b *testing.B) {
	const items = 10_000
	for table, attributes := range map[string]string{
		"items":  `"p":{"S":"order-%06d"},"v":{"N":"%d"},"data":{"S":"` + strings.Repeat("x", 980) + `"}`,
		"orders": `"customer":{"S":"customer-%06d"},"seq":{"N":"%d"},"phase":{"S":"open"},"weekday":{"S":"mon"},"note":{"S":"` + strings.Repeat("x", 930) + `"}`,
	} {
		b.Run(table, func(b *testing.B) {
			for b.Loop() {
				cloud := newCloud(b)
				before := heap()
				for n := range items {
					cloud.now = cloud.now.Add(time.Millisecond) // so that no partition of an index is used too much
					cloud.must(b, "PutItem", `{"TableName":"`+table+`","Item":{`+fmt.Sprintf(attributes, n, n)+`}}`)
				}
				b.ReportMetric(float64(heap()-before)/items, "B/item")
				runtime.KeepAlive(cloud)
			}
		})
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
