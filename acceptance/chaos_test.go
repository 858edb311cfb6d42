package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
)

// chaos is a fault of the local cloud, and its effect on a naive saga.
type chaos struct {
	fault string
	// chance is in percent.
	chance float64
	// naive is the effect of the same fault on a choreographed saga without a dedup
	// table, if that was measured.
	naive string
}

func allChaos() []chaos {
	return []chaos{
		{"duplicate-delivery", 10, "29 of 200 orders charged twice"},
		{"shuffle", 50, ""},
		{"kill-before-call", 1, ""},
		{"kill-after-call", 1, "20 kills after a publish: 20 double charges"},
		{"function-timeout", 1, ""},
		{"put-events-partial", 5, "43 of 200 orders stopped for ever"},
		{"put-events-lost-answer", 5, "60 of 200 orders shipped twice"},
		{"dynamodb-lost-answer", 2, ""},
		{"dynamodb-throttle", 2, ""},
		{"dynamodb-conflict", 5, ""},
		{"destination-500", 10, ""},
		{"destination-429", 10, ""},
		{"destination-slow", 10, ""},
	}
}

// The number of orders of a run, for each fault and for all together, unless CHAOS_ORDERS
// is set; and the number that is enough for every rare fault to be injected.
const (
	ordersOfOneFault   = 30
	ordersOfAllFaults  = 60
	ordersOfEveryFault = 200
)

func TestNoFaultViolatesAnInvariantAndAReplayChangesNothing(t *testing.T) {
	seed := chaosSeed(t)
	t.Logf("CHAOS_SEED=%d repeats these runs", seed)
	faults := allChaos()
	proofs := make([]proof, len(faults)+2)
	t.Run("under", func(t *testing.T) {
		for i, one := range faults {
			t.Run(one.fault, func(t *testing.T) {
				t.Parallel() // They mostly wait.
				proofs[i] = survive(t, seed, ordersOfOneFault, one)
			})
		}
		t.Run(together, func(t *testing.T) {
			t.Parallel()
			proofs[len(faults)] = survive(t, seed, ordersOfAllFaults, quarters(faults)...)
		})
		t.Run(poison, func(t *testing.T) {
			t.Parallel()
			proofs[len(faults)+1] = surviveAPoison(t)
		})
		t.Run("services that fail for a time", func(t *testing.T) {
			t.Parallel()
			surviveOutages(t)
		})
	})
	if *update && !t.Failed() {
		writeProof(t, proofs)
	}
}

// quarters returns the same faults at a quarter of their chances, because all of them are
// injected into the same orders.
func quarters(faults []chaos) []chaos {
	rarer := slices.Clone(faults)
	for i := range rarer {
		rarer[i].chance /= 4
	}
	return rarer
}

// survive places orders of every outcome under faults, and fails the test unless they end
// as without faults.
func survive(t *testing.T, seed uint64, orders int, faults ...chaos) proof {
	t.Helper()
	c := startCloud(t, faultFlags(seed, faults...)...)
	result := proof{name: faults[0].fault, chance: fmt.Sprintf("%g %%", faults[0].chance), naive: faults[0].naive, orders: chaosOrders(t, orders)}
	if len(faults) > 1 {
		result.name, result.chance, result.naive = together, "a quarter of each", ""
	}
	placed := c.placeThroughFaults(t, 0, result.orders)
	c.drained(t)
	for _, wrong := range c.examine(t, placed, &result) {
		t.Error(wrong)
	}
	c.checkReplay(t)
	for fault, injected := range c.injected(t) {
		// Each fault must be injected in its own run. Among all the others it is
		// rarer, and a run of few orders may miss it.
		if injected == 0 && (len(faults) == 1 || result.orders >= ordersOfEveryFault) {
			t.Errorf("%s was never injected", fault)
		}
		result.injected += injected
	}
	if result.injected < len(faults) {
		t.Errorf("%d faults were injected only %d times", len(faults), result.injected)
	}
	return result
}

// faultFlags returns the flags of a local cloud with faults, with short delays between
// deliveries.
func faultFlags(seed uint64, faults ...chaos) []string {
	flags := []string{"--seed", fmt.Sprint(seed), "--redeliver-after", "300ms", "--schedule-every", "1s"}
	for _, each := range faults {
		flags = append(flags, "--fault", fmt.Sprintf("%s=%g", each.fault, each.chance/100))
	}
	return flags
}

// drained waits until no event is in transit, longer than settled: under faults many
// deliveries are retried.
func (c *cloud) drained(t *testing.T) {
	t.Helper()
	c.settledWithin(t, 5*await.Patience)
}

// examine checks how the orders have ended and what they leave behind, counts what is
// wrong, and returns a line about each of it.
func (c *cloud) examine(t *testing.T, orders []placed, result *proof) (wrong []string) {
	t.Helper()
	for _, p := range orders {
		var ended order
		c.insist(t, http.MethodGet, "/orders/"+p.OrderID, "").decode(t, &ended)
		if !slices.Contains(p.ends, ended.Status) {
			result.stuck++
			wrong = append(wrong, fmt.Sprintf("an order that is %s is %s (%s)", p.name, ended.Status, ended.Reason))
		}
	}
	for path, n := range c.usage(t).deadLettered() {
		result.deadLetters += n
		wrong = append(wrong, fmt.Sprintf("%d dead letters are in %s", n, path))
	}
	for _, violation := range c.violations(t) {
		result.violations++
		wrong = append(wrong, violation.String())
	}
	return wrong
}

// placeThroughFaults places orders as tryToPlace does, and fails the test if that fails.
func (c *cloud) placeThroughFaults(t *testing.T, first, n int) []placed {
	t.Helper()
	all, err := c.tryToPlace(t.Context(), first, n)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tryToPlace places orders of all kinds like a client that retries with an idempotency
// key as long as the server fails. The first order is that of one key, the others have
// the keys that follow.
func (c *cloud) tryToPlace(ctx context.Context, first, n int) ([]placed, error) {
	kinds := orderKinds()
	all := make([]placed, n)
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range all {
		group.Go(func() (err error) {
			all[i].orderKind = kinds[(first+i)%len(kinds)]
			all[i].order, err = c.placeInsistently(ctx, all[i].orderKind, keyOf(first+i))
			return err
		})
	}
	return all, group.Wait()
}

// placeInsistently places an order of a kind, and cancels it if the kind is cancelled.
func (c *cloud) placeInsistently(ctx context.Context, kind orderKind, key string) (order, error) {
	var made order
	answer, err := c.persist(ctx, http.MethodPost, "/orders", strings.Replace(basket, kind.from, kind.to, 1),
		"Content-Type", asJSON, "Idempotency-Key", key)
	if err != nil {
		return made, err
	}
	if answer.Status != http.StatusAccepted {
		return made, fmt.Errorf("POST /orders answers %d: %s", answer.Status, answer.Body)
	}
	if err := json.Unmarshal(answer.Body, &made); err != nil || !kind.cancel {
		return made, err
	}
	answer, err = c.persist(ctx, http.MethodPost, "/orders/"+made.OrderID+"/cancellation", "")
	if err == nil && answer.Status != http.StatusAccepted && answer.Status != http.StatusConflict {
		err = fmt.Errorf("the cancellation answers %d: %s", answer.Status, answer.Body)
	}
	return made, err
}

// insist repeats a request as long as the server fails.
func (c *cloud) insist(t *testing.T, method, path, body string, headers ...string) response {
	t.Helper()
	answer, err := c.persist(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Error(err)
	}
	return answer
}

// persist repeats a request as long as the server fails. An error is returned if it
// always does.
func (c *cloud) persist(ctx context.Context, method, path, body string, headers ...string) (response, error) {
	var answer response
	for range 100 {
		var err error
		answer, err = c.do(ctx, method, path, body, headers...)
		if err == nil && answer.Status < http.StatusInternalServerError && answer.Status != http.StatusTooManyRequests {
			return answer, nil
		}
		if err != nil {
			answer = response{Body: []byte(err.Error())}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return answer, fmt.Errorf("%s %s is always answered %d: %s", method, path, answer.Status, answer.Body)
}

// injected returns how often each planned fault was injected.
func (c *cloud) injected(t *testing.T) map[string]int {
	t.Helper()
	var u struct {
		Faults map[string]int `json:"faults"`
	}
	c.get(t, c.UsageURL, &u)
	return u.Faults
}

func chaosSeed(t *testing.T) uint64 {
	t.Helper()
	set := os.Getenv("CHAOS_SEED")
	if set == "" {
		return 1 + rand.Uint64N(1<<32)
	}
	seed, err := strconv.ParseUint(set, 10, 64)
	if err != nil || seed == 0 {
		t.Fatalf("CHAOS_SEED=%s is not a seed: a number above 0", set)
	}
	return seed
}

func chaosOrders(t *testing.T, otherwise int) int {
	t.Helper()
	set := os.Getenv("CHAOS_ORDERS")
	if set == "" {
		return otherwise
	}
	orders, err := strconv.Atoi(set)
	if err != nil || orders < 1 {
		t.Fatalf("CHAOS_ORDERS=%s is not a number of orders", set)
	}
	return orders
}

// surviveAPoison sends a message that no consumer can decode among the orders. It must
// end in a dead-letter queue, and nothing else may.
func surviveAPoison(t *testing.T) proof {
	t.Helper()
	c := startCloud(t)
	result := proof{name: poison, chance: "1 message", naive: "66 of 100 orders stuck", orders: chaosOrders(t, ordersOfOneFault), injected: 1}
	before := c.placeThroughFaults(t, 0, 1)
	c.send(t, c.Queues["Warehouse/Queue"], "poison", before[0].OrderID)
	orders := c.placeThroughFaults(t, 1, result.orders)
	c.drained(t)
	const queue = "Warehouse/DeadLetters"
	if got := c.usage(t).deadLettered(); !maps.Equal(got, map[string]int{queue: 1}) {
		t.Errorf("the dead-letter queues have %v", got)
	}
	c.purge(t, queue)
	for _, wrong := range c.examine(t, orders, &result) {
		t.Error(wrong)
	}
	return result
}
