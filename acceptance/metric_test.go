package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/await"
	"example.com/saga/services/order/metrics"
	"example.com/saga/services/order/sweep"
)

// namespace is the namespace of the local environment's metrics: the name of its stack.
const namespace = "saga-local"

// documented is a row of the table of metrics in docs/operations.md.
type documented struct {
	unit, dimensions string
	// series is the maximum number of series, each of which is charged.
	series int
}

// point is one value of a metric.
type point struct {
	metric, unit, dimensions string
	// series is the values of the dimensions: CloudWatch has a metric for each.
	series string
	value  float64
}

func TestEveryOrderIsCountedOnceAlthoughEveryMessageIsDeliveredTwice(t *testing.T) {
	c := startCloud(t, "--deliver-twice")
	orders := c.placeMixed(t, 48)
	ended := map[string]float64{metrics.OrdersPlaced: float64(len(orders))}
	for _, o := range orders {
		if last := c.awaitEnd(t, o.OrderID); last.Status == "shipped" {
			ended[metrics.OrdersShipped]++
		} else {
			ended[metrics.OrdersCancelled+" order "+last.Reason]++
		}
	}
	c.settled(t)
	counted := map[string]float64{}
	durations := 0
	for _, p := range c.measured(t) {
		switch p.metric {
		case metrics.OrdersPlaced, metrics.OrdersShipped:
			counted[p.metric] += p.value
		case metrics.OrdersCancelled:
			counted[p.metric+" "+p.series] += p.value
		case metrics.SagaDuration:
			durations++
			if p.value <= 0 || p.value > await.Patience.Seconds() {
				t.Errorf("an order took %g seconds", p.value)
			}
		}
	}
	if diff := cmp.Diff(ended, counted); diff != "" {
		t.Errorf("the orders, as they ended (-) and as they are counted (+):\n%s", diff)
	}
	if durations != len(orders) {
		t.Errorf("%d orders ended, but %d durations are measured", len(orders), durations)
	}
}

func TestTheFunctionsEmitTheDocumentedMetricsAndNoOthers(t *testing.T) {
	c := startCloud(t)
	for _, o := range c.placeMixed(t, 24) {
		c.awaitEnd(t, o.OrderID)
	}
	c.settled(t)
	table := documentedMetrics(t)
	series := map[string]map[string]bool{}
	for _, p := range c.measured(t) {
		row := table[p.metric]
		if p.unit != row.unit || p.dimensions != row.dimensions {
			t.Errorf("%s is in %s by %s, in the docs in %s by %s", p.metric, p.unit, p.dimensions, row.unit, row.dimensions)
		}
		if series[p.metric] == nil {
			series[p.metric] = map[string]bool{}
		}
		series[p.metric][p.series] = true
	}
	for metric, row := range table {
		if n := len(series[metric]); n > row.series {
			t.Errorf("%s has %d series, at most %d in the docs: %v", metric, n, row.series, series[metric])
		}
	}
	for _, metric := range []string{
		metrics.OrdersPlaced, metrics.OrdersShipped, metrics.OrdersCancelled, metrics.SagaDuration,
		sweep.OldestUnfinishedOrder, sweep.OldestUnfinishedRollback,
	} {
		if len(series[metric]) == 0 {
			t.Errorf("no function emits %s", metric)
		}
	}
}

func TestTheDocsHaveTheNumberAndTheCostOfTheMetrics(t *testing.T) {
	total := 0
	for _, row := range documentedMetrics(t) {
		total += row.series
	}
	cents := total * 30
	want := fmt.Sprintf("%d metrics cost at most %d.%02d USD a month", total, cents/100, cents%100)
	if !strings.Contains(operations(t), want) {
		t.Errorf("the docs do not have %q", want)
	}
}

func TestEveryMetricOfAlarmsAndDashboardIsDocumented(t *testing.T) {
	encoded, err := os.ReadFile("../cdk.out/local/saga-local.template.json")
	if err != nil {
		t.Fatal(err)
	}
	// In an alarm, and in the text of a dashboard.
	shown := regexp.MustCompile(`"MetricName": "(\w+)",\s*"Namespace": "`+namespace+`"|\[\\"`+namespace+`\\",\\"(\w+)\\"`).FindAllStringSubmatch(string(encoded), -1)
	table := documentedMetrics(t)
	found := map[string]bool{}
	for _, match := range shown {
		name := match[1] + match[2]
		found[name] = true
		if _, known := table[name]; !known {
			t.Errorf("%s is shown, but is not in the docs", name)
		}
	}
	for _, name := range []string{metrics.OrdersPlaced, metrics.SagaDuration, sweep.OldestUnfinishedOrder, sweep.OldestUnfinishedRollback} {
		if !found[name] {
			t.Errorf("%s is not shown", name)
		}
	}
}

func operations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documentedMetrics returns the table of metrics in docs/operations.md.
func documentedMetrics(t *testing.T) map[string]documented {
	t.Helper()
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| (Count|Seconds|Milliseconds) \\| ([a-z, ]+) \\| ([0-9]+) \\|").FindAllStringSubmatch(operations(t), -1)
	table := map[string]documented{}
	for _, row := range rows {
		series, err := strconv.Atoi(row[4])
		if err != nil {
			t.Fatal(err)
		}
		table[row[1]] = documented{row[2], row[3], series}
	}
	if len(table) == 0 {
		t.Fatal("the docs have no table of metrics")
	}
	return table
}

// measured returns every value in the logs of the functions, as CloudWatch extracts it
// from the embedded metric format.
func (c *cloud) measured(t *testing.T) []point {
	t.Helper()
	var points []point
	for _, text := range c.functionLogs(t) {
		var line map[string]any
		var document struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if json.Unmarshal([]byte(text), &line) != nil {
			continue // Go writes a panic as plain text.
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		for _, directive := range document.AWS.CloudWatchMetrics {
			if directive.Namespace != namespace {
				t.Errorf("the namespace is %s", directive.Namespace)
			}
			dimensions := slices.Concat(directive.Dimensions...)
			var series []string
			for _, dimension := range dimensions {
				series = append(series, line[dimension].(string))
			}
			for _, m := range directive.Metrics {
				points = append(points, point{
					m.Name, m.Unit, strings.Join(dimensions, ", "), strings.Join(series, " "), line[m.Name].(float64),
				})
			}
		}
	}
	return points
}
