package acceptance

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// budget is what one shipped order may write into the logs, with a little room. What it
// writes, and the cost, is in docs/cost.md.
type budget struct{ lines, bytes int }

func budgets() map[string]budget {
	return map[string]budget{
		"the functions": {lines: 9, bytes: 2500},
		"the bus":       {lines: 5, bytes: 4400},
	}
}

func TestAShippedOrderWritesNoMoreLogsThanItsBudget(t *testing.T) {
	c := startCloud(t)
	placed := c.placeMany(t, 20, 1)
	for _, o := range placed {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)
	logs := map[string][]string{"the functions": c.functionLogs(t), "the bus": c.logs(t, "Observability/Events")}
	for _, writer := range slices.Sorted(maps.Keys(logs)) {
		allowed, most := budgets()[writer], budget{}
		for _, o := range placed {
			var spent budget
			for _, line := range logs[writer] {
				if strings.Contains(line, o.OrderID) {
					spent.lines++
					spent.bytes += len(line)
				}
			}
			most = budget{max(most.lines, spent.lines), max(most.bytes, spent.bytes)}
		}
		t.Logf("of an order %s log %d lines with %d bytes at most", writer, most.lines, most.bytes)
		if most.lines > allowed.lines || most.bytes > allowed.bytes {
			t.Errorf("%s log %d lines with %d bytes of an order, allowed are %d with %d", writer, most.lines, most.bytes, allowed.lines, allowed.bytes)
		}
		if most.lines == 0 {
			t.Errorf("%s log nothing of an order", writer)
		}
	}
}

// The lines about the ages of orders grow with time, not with the number of orders.
func TestEveryLogLineOfAFunctionIsAboutAnOrderOrTheAgesOfOrders(t *testing.T) {
	c := startCloud(t)
	for _, o := range c.placeMany(t, 20, concurrency) {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)
	for _, line := range c.functionLogs(t) {
		if !strings.Contains(line, `"order_id":`) && !strings.Contains(line, `"msg":"ages"`) {
			t.Errorf("a line is about no order: %s", line)
		}
	}
}

// functionLogs returns every line that the functions have logged.
func (c *cloud) functionLogs(tb testing.TB) []string {
	tb.Helper()
	var lines []string
	for path := range c.LogGroups {
		if isFunctionLog(path) {
			lines = append(lines, c.logs(tb, path)...)
		}
	}
	return lines
}

// isFunctionLog reports whether the log group at a construct path is a function's.
func isFunctionLog(path string) bool { return strings.HasSuffix(path, "Logs") }

// logs returns the lines of a log group, by its construct path.
func (c *cloud) logs(tb testing.TB, path string) []string {
	tb.Helper()
	group := c.LogGroups[path]
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(c.aws(tb)),
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	var lines []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		for _, e := range page.Events {
			lines = append(lines, aws.ToString(e.Message))
		}
	}
	return lines
}
