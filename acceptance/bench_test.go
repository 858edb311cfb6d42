package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
	"example.com/saga/acceptance/cost"
)

const costFile = "../docs/cost.md"

// The load of the benchmark.
const (
	// benchOrders is how many orders the clients place, unless ORDERS is set.
	benchOrders = 300
	// warmUpOrders are placed before, and not measured.
	warmUpOrders = 100
	// singleOrders is how many orders one client places, for each time it measures.
	singleOrders = 20
	// coldStarts is how often each function is started again.
	coldStarts = 7
)

// The emulated latencies of one client's orders: about what the services need within a
// Region.
const (
	eventsLatency = 15 * time.Millisecond
	tableLatency  = 5 * time.Millisecond
)

// never is longer than the benchmark: no schedule fires during a measurement.
const never = "24h"

// BenchmarkOrder measures what an order uses of AWS and of this machine, and prints it
// beside the table in docs/cost.md, or writes it there with -update.
func BenchmarkOrder(b *testing.B) {
	table, use := measureLoad(b)
	table = append(table, measureOneClient(b)...)
	table = append(table, cost.Groups(use)...)
	b.ReportMetric(0, "ns/op") // It would be the time of the whole benchmark.
	b.ReportMetric(cost.Total(cost.Bill(), use), "USD/million")
	document, err := os.ReadFile(costFile)
	if err != nil {
		b.Fatal(err)
	}
	before, err := cost.Parse(string(document))
	if err != nil {
		b.Fatalf("%s: %v", costFile, err)
	}
	fmt.Println()
	if err := table.Print(os.Stdout, before); err != nil {
		b.Fatal(err)
	}
	fmt.Println()
	if *update {
		writeCost(b, table, string(document))
	}
}

func writeCost(b *testing.B, table cost.Table, document string) {
	b.Helper()
	written, err := table.Replace(document)
	if err != nil {
		b.Fatalf("%s: %v", costFile, err)
	}
	if err := os.WriteFile(costFile, []byte(written), 0o644); err != nil {
		b.Fatal(err)
	}
}

// ordersToPlace returns how many orders the clients place.
func ordersToPlace(b *testing.B) int {
	b.Helper()
	set := os.Getenv("ORDERS")
	if set == "" {
		return benchOrders
	}
	n, err := strconv.Atoi(set)
	if err != nil || n < 1 {
		b.Fatalf("ORDERS=%s is not a number of orders", set)
	}
	return n
}

// measureLoad places orders by many clients, each of which waits for the end of its
// order before it places the next.
func measureLoad(b *testing.B) (cost.Table, cost.Use) {
	b.Helper()
	ends := newEndings(b)
	c := startCloud(b, "--destination-url", ends.url, "--schedule-every", never)
	c.placeAndAwait(b, ends, warmUpOrders)
	c.settled(b)
	before, cpu, n := c.usage(b), c.cpu(b), ordersToPlace(b)

	began := time.Now()
	placed := c.placeAndAwait(b, ends, n)
	notified := time.Since(began)
	c.settled(b)
	handled := time.Since(began)

	after := c.usage(b)
	use := c.use(after).Since(c.use(before), n)
	spent := (c.cpu(b) - cpu) / time.Duration(n)
	if use[cost.SandboxCalls] == 0 {
		b.Fatalf("no table has items %s#: the payment sandbox is counted as the saga", sandboxItems)
	}
	return cost.Table{
		{Title: fmt.Sprintf("%d clients, each waiting for its order", concurrency), Rows: []cost.Row{
			{Name: "CPU of all functions, ms", Value: milliseconds(spent), Decimals: 1},
			{Name: "orders a second, until the last is notified", Value: float64(n) / notified.Seconds(), Decimals: 0},
			{Name: "orders a second, until every event is handled", Value: float64(n) / handled.Seconds(), Decimals: 0},
		}},
		{Title: "Resident memory of the largest process, MiB", Rows: after.memory()},
		{Title: "Record at the end, bytes", Rows: c.records(b, placed)},
		{Title: "Start of a process until its first request, median, ms", Rows: c.measureStarts(b)},
	}, use
}

// placeAndAwait places n orders by many clients at once, waits until each is shipped, and
// returns their ids.
func (c *cloud) placeAndAwait(b *testing.B, ends *endings, n int) []string {
	b.Helper()
	ids := make([]string, n)
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(concurrency)
	for i := range n {
		group.Go(func() error {
			// Each customer has one order.
			placed, err := c.place(ctx, strings.Replace(basket, "c-42", fmt.Sprintf("c-%d", i), 1))
			if err != nil {
				return err
			}
			ids[i] = placed.OrderID
			_, err = ends.await(ctx, placed.OrderID, "warehouse.order-shipped")
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return ids
}

// measureStarts ends the processes of one function at a time and invokes it, so that it
// starts while all others are idle. The event is empty, and its result does not matter.
func (c *cloud) measureStarts(b *testing.B) []cost.Row {
	b.Helper()
	client := lambda.NewFromConfig(c.aws(b))
	before := c.usage(b)
	for range coldStarts {
		for path := range before.Functions {
			c.kill(b, path)
			if _, err := client.Invoke(b.Context(), &lambda.InvokeInput{FunctionName: new(c.Functions[path] + ":" + liveAlias), Payload: []byte("{}")}); err != nil {
				b.Fatal(err)
			}
		}
	}
	return c.usage(b).starts(before)
}

// kill ends the processes of a function, and waits until they have ended.
func (c *cloud) kill(b *testing.B, path string) {
	b.Helper()
	for _, pid := range c.usage(b).pids(path) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
	}
	await.Until(b, "the processes of "+path+" have ended", func() error {
		if left := c.usage(b).pids(path); len(left) > 0 {
			return fmt.Errorf("left are %v", left)
		}
		return nil
	})
}

// measureOneClient measures the time and the cost of an order by a client that is alone:
// no batch has two events.
func measureOneClient(b *testing.B) cost.Table {
	b.Helper()
	ends := newEndings(b)
	c := startCloud(b, "--destination-url", ends.url, "--schedule-every", never,
		"--latency", "events="+eventsLatency.String(), "--latency", "dynamodb="+tableLatency.String())
	declined := strings.Replace(basket, `"card"`, `"card-declined"`, 1)
	c.placeAndAwait(b, ends, concurrency)
	c.settled(b)
	before := c.usage(b)
	shipped := c.median(b, basket, func(ctx context.Context, id string) (time.Time, error) {
		return ends.await(ctx, id, "warehouse.order-shipped")
	})
	use := c.use(c.usage(b)).Since(c.use(before), singleOrders)
	shown := c.median(b, basket, c.awaitShipped)
	cancelled := c.median(b, declined, func(ctx context.Context, id string) (time.Time, error) {
		return ends.await(ctx, id, "order.cancelled")
	})
	return cost.Table{
		{Title: fmt.Sprintf("One client, median time from POST /orders, ms (a call to EventBridge takes %d ms longer, to DynamoDB %d ms)", eventsLatency.Milliseconds(), tableLatency.Milliseconds()), Rows: []cost.Row{
			{Name: "until the notification that the order is shipped", Value: shipped},
			{Name: "until GET /orders/{id} answers that it is shipped", Value: shown},
			{Name: "until the notification that a declined order is cancelled", Value: cancelled},
		}},
		{Title: "One client, no two events in a batch", Rows: []cost.Row{
			{Name: "all calls of AWS", Value: use.AllCalls(), Decimals: 1},
			{Name: string(cost.Invocations), Value: use[cost.Invocations], Decimals: 1},
			{Name: "USD for a million orders, everything on", Value: cost.Total(cost.Bill(), use), Decimals: 1},
			{Name: "USD for a million orders, prod's settings", Value: cost.Total(cost.ProdBill(), use), Decimals: 1},
		}},
	}
}

// median returns the median of the times of orders in milliseconds, from the request
// until what is awaited has happened.
func (c *cloud) median(b *testing.B, body string, await func(ctx context.Context, id string) (time.Time, error)) float64 {
	b.Helper()
	var took []float64
	for range singleOrders {
		began := time.Now()
		placed, err := c.place(b.Context(), body)
		if err != nil {
			b.Fatal(err)
		}
		ended, err := await(b.Context(), placed.OrderID)
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, milliseconds(ended.Sub(began)))
		c.settled(b) // The next order is alone, too.
	}
	return medianOf(took)
}

// awaitShipped reads an order until it is shipped.
func (c *cloud) awaitShipped(ctx context.Context, id string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, await.Patience)
	defer cancel()
	for {
		answer, err := c.do(ctx, http.MethodGet, "/orders/"+id, "")
		if err != nil {
			return time.Time{}, fmt.Errorf("order %s is not shown as shipped: %w", id, err)
		}
		if strings.Contains(string(answer.Body), `"status":"shipped"`) {
			return time.Now(), nil
		}
		time.Sleep(time.Millisecond)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func medianOf(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
