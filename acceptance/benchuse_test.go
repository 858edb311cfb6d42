package acceptance

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/acceptance/cost"
)

// sandboxItems is the prefix of the items of the payment sandbox, which stands for a
// payment provider.
const sandboxItems = "charge"

// use returns what the stack was used for since its start, without the payment sandbox,
// which is counted apart.
func (c *cloud) use(u usage) cost.Use {
	use := make(cost.Use)
	for _, function := range u.Functions {
		for action, n := range function.Calls {
			use[cost.Quantity(action)] += float64(n)
		}
		use[cost.Invocations] += float64(function.Invocations)
		use[cost.GBSeconds] += float64(function.BilledMilliseconds) / 1000 * float64(function.MemoryMB) / 1024
	}
	for _, table := range u.Tables {
		ledger := table.Kinds[sandboxItems]
		use[cost.ReadUnits] += table.ReadUnits - ledger.ReadUnits
		use[cost.WriteUnits] += table.WriteUnits - ledger.WriteUnits
		use[cost.SandboxReadUnits] += ledger.ReadUnits
		use[cost.SandboxWriteUnits] += ledger.WriteUnits
		for operation, n := range ledger.Calls {
			use[cost.Quantity("dynamodb:"+operation)] -= float64(n)
			use[cost.SandboxCalls] += float64(n)
		}
	}
	for _, bus := range u.Buses {
		use[cost.BusChunks] += float64(bus.Chunks)
	}
	for _, requests := range u.Destinations {
		use[cost.Notifications] += float64(requests)
	}
	c.addQueues(u, use)
	c.addLogs(u, use)
	return use
}

// addQueues adds the requests for queues. Those for a queue that functions read are a
// send for each event, and a receive and a delete for each batch, as Lambda makes them.
func (c *cloud) addQueues(u usage, use cost.Use) {
	for path, queue := range u.Queues {
		requests := float64(queue.Sends + queue.Receives + queue.Deletes)
		switch {
		case queue.Receives == 0:
			use[cost.ObservabilitySends] += requests
		case strings.HasSuffix(c.Queues[path], ".fifo"):
			use[cost.FIFORequests] += requests
		default:
			use[cost.StandardRequests] += requests
		}
	}
}

// addLogs adds what was logged. A log group that is no function's has the events of a bus.
func (c *cloud) addLogs(u usage, use cost.Use) {
	for path, group := range u.LogGroups {
		if isFunctionLog(path) {
			use[cost.FunctionLogBytes] += float64(group.Bytes)
		} else {
			use[cost.EventLogBytes] += float64(group.Bytes)
		}
	}
}

// pids returns the processes of a function.
func (u usage) pids(path string) []int {
	var all []int
	for _, process := range u.Functions[path].Processes {
		all = append(all, process.PID)
	}
	return all
}

// memory returns the resident memory of the largest process of each function.
func (u usage) memory() []cost.Row {
	var rows []cost.Row
	for _, path := range slices.Sorted(maps.Keys(u.Functions)) {
		largest := 0
		for _, process := range u.Functions[path].Processes {
			largest = max(largest, process.RSSBytes)
		}
		rows = append(rows, cost.Row{Name: path, Value: float64(largest) / (1 << 20), Decimals: 1})
	}
	return rows
}

// starts returns how long the processes took that were started after an earlier report,
// for each function that has any.
func (u usage) starts(before usage) []cost.Row {
	var rows []cost.Row
	for _, path := range slices.Sorted(maps.Keys(u.Functions)) {
		took := u.Functions[path].InitMilliseconds[len(before.Functions[path].InitMilliseconds):]
		if len(took) > 0 {
			rows = append(rows, cost.Row{Name: path, Value: medianOf(took), Decimals: 1})
		}
	}
	return rows
}

// cpu returns the time that the processes of all functions have run.
func (c *cloud) cpu(b *testing.B) time.Duration {
	b.Helper()
	var total time.Duration
	u := c.usage(b)
	for path := range u.Functions {
		for _, pid := range u.pids(path) {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil {
				b.Fatalf("the time of a process is known on Linux only: %v", err)
			}
			total += cpuOf(b, string(stat))
		}
	}
	return total
}

// cpuOf returns the sum of the user and the system time in the stat of a process: its
// 14th and 15th fields (proc_pid_stat(5)), in ticks of 10 ms. Its name, the second field,
// is in parentheses and may have spaces.
func cpuOf(b *testing.B, stat string) time.Duration {
	b.Helper()
	const tick = 10 * time.Millisecond
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var total time.Duration
	for _, text := range fields[11:13] {
		ticks, err := strconv.Atoi(text)
		if err != nil {
			b.Fatalf("the time of a process in %q: %v", stat, err)
		}
		total += time.Duration(ticks) * tick
	}
	return total
}

// records returns the size of the largest record of one of these orders in each table.
func (c *cloud) records(b *testing.B, ids []string) []cost.Row {
	b.Helper()
	client := dynamodb.NewFromConfig(c.aws(b))
	var rows []cost.Row
	for _, path := range slices.Sorted(maps.Keys(c.Tables)) {
		largest := 0
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: new(c.Tables[path])})
		for pages.HasMorePages() {
			page, err := pages.NextPage(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			for _, item := range page.Items {
				if key, isText := item["pk"].(*types.AttributeValueMemberS); isText && slices.Contains(ids, key.Value) {
					largest = max(largest, itemSize(b, item))
				}
			}
		}
		if largest == 0 {
			b.Fatalf("%s has no record of an order", path)
		}
		context, _, _ := strings.Cut(path, "/")
		rows = append(rows, cost.Row{Name: context, Value: float64(largest), Decimals: 0})
	}
	return rows
}

// itemSize is the size of an item as DynamoDB bills it:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func itemSize(tb testing.TB, item map[string]types.AttributeValue) int {
	tb.Helper()
	size := 0
	for name, value := range item {
		size += len(name) + valueSize(tb, value)
	}
	return size
}

func valueSize(tb testing.TB, value types.AttributeValue) int {
	tb.Helper()
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(strings.Trim(v.Value, "-0"))+1)/2 + 1
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return 1
	case *types.AttributeValueMemberL:
		size := 3 + len(v.Value)
		for _, each := range v.Value {
			size += valueSize(tb, each)
		}
		return size
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + itemSize(tb, v.Value)
	default:
		tb.Fatalf("a record has a value of the type %T", value)
		return 0
	}
}
