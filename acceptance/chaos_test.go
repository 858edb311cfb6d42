package acceptance

import (
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
)

// chaos is a fault of the local cloud, and what it did to a naive saga.
type chaos struct {
	fault string
	// chance is in percent.
	chance float64
	// naive is what was measured of a choreographed saga without a dedup table
	// under the same fault, if that was measured.
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

// How many orders a run has, for each fault and for all together, unless
// CHAOS_ORDERS says another number; and how many are enough for every fault to
// strike although it is rare.
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
	})
	if *update && !t.Failed() {
		writeProof(t, proofs)
	}
}

// quarters are the same faults at a quarter of their chances, because all of
// them strike the same orders.
func quarters(faults []chaos) []chaos {
	rarer := slices.Clone(faults)
	for i := range rarer {
		rarer[i].chance /= 4
	}
	return rarer
}

// survive places orders of every fate under faults, and demands that nobody
// could tell from how they end.
func survive(t *testing.T, seed uint64, orders int, faults ...chaos) proof {
	t.Helper()
	c := startCloud(t, faultFlags(seed, faults...)...)
	result := proof{name: faults[0].fault, chance: fmt.Sprintf("%g %%", faults[0].chance), naive: faults[0].naive, orders: chaosOrders(t, orders)}
	if len(faults) > 1 {
		result.name, result.chance, result.naive = together, "a quarter of each", ""
	}
	placed := c.placeThroughFaults(t, result.orders)
	c.drained(t)
	for _, wrong := range c.examine(t, placed, &result) {
		t.Error(wrong)
	}
	c.checkReplay(t)
	for fault, struck := range c.struck(t) {
		// Each fault must strike in its own run. Among all the others it is
		// rarer, and a run of few orders may miss it.
		if struck == 0 && (len(faults) == 1 || result.orders >= ordersOfEveryFault) {
			t.Errorf("%s never struck", fault)
		}
		result.strikes += struck
	}
	if result.strikes < len(faults) {
		t.Errorf("%d faults struck only %d times", len(faults), result.strikes)
	}
	return result
}

// faultFlags are those of a local cloud with faults, which waits for nothing
// that need not be waited for.
func faultFlags(seed uint64, faults ...chaos) []string {
	flags := []string{"--seed", fmt.Sprint(seed), "--redeliver-after", "300ms", "--schedule-every", "1s"}
	for _, each := range faults {
		flags = append(flags, "--fault", fmt.Sprintf("%s=%g", each.fault, each.chance/100))
	}
	return flags
}

// drained waits until nothing is on its way, longer than others do: what
// fails has to be tried again and again.
func (c *cloud) drained(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(5 * patience)
	for !c.usage(t).Idle {
		if time.Now().After(deadline) {
			t.Fatalf("after %s something is still on its way: %+v", 5*patience, c.usage(t).Queues)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// examine looks at how the orders have ended and at what is left, counts what
// is wrong and says what it is.
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
	for path, letters := range c.usage(t).deadLettered() {
		result.letters += letters
		wrong = append(wrong, fmt.Sprintf("%d letters are in %s", letters, path))
	}
	for _, violation := range c.violations(t) {
		result.violations++
		wrong = append(wrong, violation.String())
	}
	return wrong
}

// placeThroughFaults places orders of all kinds, as a careful client does: with
// a key, and again as long as the answer is a failure.
func (c *cloud) placeThroughFaults(t *testing.T, n int) []placed {
	t.Helper()
	kinds := fates()
	all := make([]placed, n)
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range all {
		group.Go(func() error {
			kind := kinds[i%len(kinds)]
			answer := c.insist(t, http.MethodPost, "/orders", strings.Replace(basket, kind.from, kind.to, 1),
				"Content-Type", asJSON, "Idempotency-Key", keyOf(i))
			all[i].fate = kind
			if answer.Status != http.StatusAccepted {
				return fmt.Errorf("POST /orders answers %d: %s", answer.Status, answer.Body)
			}
			if err := json.Unmarshal(answer.Body, &all[i].order); err != nil || !kind.cancel {
				return err
			}
			answer = c.insist(t, http.MethodPost, "/orders/"+all[i].OrderID+"/cancellation", "")
			if answer.Status != http.StatusAccepted && answer.Status != http.StatusConflict {
				return fmt.Errorf("the cancellation answers %d: %s", answer.Status, answer.Body)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// insist repeats a request as long as the answer is that the server has failed.
func (c *cloud) insist(t *testing.T, method, path, body string, headers ...string) response {
	t.Helper()
	var answer response
	for range 100 {
		var err error
		answer, err = c.do(t.Context(), method, path, body, headers...)
		if err == nil && answer.Status < http.StatusInternalServerError && answer.Status != http.StatusTooManyRequests {
			return answer
		}
		if err != nil {
			answer = response{Body: []byte(err.Error())}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s %s is answered %d for ever: %s", method, path, answer.Status, answer.Body)
	return answer
}

// struck tells how often each planned fault struck.
func (c *cloud) struck(t *testing.T) map[string]int {
	t.Helper()
	var u struct {
		Faults map[string]int `json:"faults"`
	}
	c.get(t, c.UsageURL, &u)
	return u.Faults
}

func chaosSeed(t *testing.T) uint64 {
	t.Helper()
	given := os.Getenv("CHAOS_SEED")
	if given == "" {
		return 1 + rand.Uint64N(1<<32)
	}
	seed, err := strconv.ParseUint(given, 10, 64)
	if err != nil || seed == 0 {
		t.Fatalf("CHAOS_SEED=%s is not a seed: a number above 0", given)
	}
	return seed
}

func chaosOrders(t *testing.T, otherwise int) int {
	t.Helper()
	given := os.Getenv("CHAOS_ORDERS")
	if given == "" {
		return otherwise
	}
	orders, err := strconv.Atoi(given)
	if err != nil || orders < 1 {
		t.Fatalf("CHAOS_ORDERS=%s is not a number of orders", given)
	}
	return orders
}

// surviveAPoison puts a message that nobody understands among the orders. It is
// the only one that may go to a dead-letter queue, and it must.
func surviveAPoison(t *testing.T) proof {
	t.Helper()
	c := startCloud(t)
	result := proof{name: poison, chance: "1 message", naive: "66 of 100 orders stuck", orders: chaosOrders(t, ordersOfOneFault), strikes: 1}
	before := c.placeThroughFaults(t, 1)
	c.send(t, c.Queues["Warehouse/Queue"], "poison", before[0].OrderID)
	orders := c.placeThroughFaults(t, result.orders)
	c.drained(t)
	const letters = "Warehouse/DeadLetters"
	if got := c.usage(t).deadLettered(); !maps.Equal(got, map[string]int{letters: 1}) {
		t.Errorf("the dead-letter queues have %v", got)
	}
	c.purge(t, letters)
	for _, wrong := range c.examine(t, orders, &result) {
		t.Error(wrong)
	}
	return result
}
