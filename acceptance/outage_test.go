package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
)

// outageHits is how often an outage has an effect before it ends.
const outageHits = 10

// surviveOutages places an order of each kind while each of some services fails, as in the
// simulation, and fails the test unless they end as without that. A lost answer of DynamoDB
// is also one of the payment sandbox, which has charged. EventBridge is never late here.
func surviveOutages(t *testing.T) {
	t.Helper()
	c := startCloud(t, "--redeliver-after", "300ms", "--schedule-every", "1s")
	var all []placed
	for i, fault := range []string{"dynamodb-throttle", "dynamodb-lost-answer", "duplicate-delivery"} {
		all = append(all, c.placeDuring(t, fault, i*len(orderKinds()))...)
	}
	all = append(all, c.placeWithoutLoyalty(t, len(all))...)
	c.drained(t)
	var result proof
	for _, wrong := range c.examine(t, all, &result) {
		t.Error(wrong)
	}
	c.checkReplay(t)
}

// placeDuring places orders while a fault strikes every call or delivery that it may, and
// ends the fault after some.
func (c *cloud) placeDuring(t *testing.T, fault string, first int) []placed {
	t.Helper()
	c.plan(t, map[string]any{"faults": map[string]float64{fault: 1}})
	var all []placed
	var group errgroup.Group
	group.Go(func() (err error) {
		all, err = c.tryToPlace(t.Context(), first, len(orderKinds()))
		return err
	})
	await.Until(t, fmt.Sprintf("%s has happened %d times", fault, outageHits), func() error {
		if hits := c.injected(t)[fault]; hits < outageHits {
			return fmt.Errorf("%d times", hits)
		}
		return nil
	})
	c.plan(t, map[string]any{"faults": map[string]float64{fault: 0}})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// placeWithoutLoyalty places orders while Loyalty's function does not run, and resumes it
// when a payment is taken.
func (c *cloud) placeWithoutLoyalty(t *testing.T, first int) []placed {
	t.Helper()
	const function = "Loyalty/Worker"
	c.drained(t) // An invocation that has begun before the pause ends in it.
	c.plan(t, map[string]any{"paused": map[string]bool{function: true}})
	before := c.usage(t).Functions[function].Invocations
	all := c.placeThroughFaults(t, first, len(orderKinds()))
	shipped := slices.IndexFunc(all, func(p placed) bool { return p.name == "shipped" })
	await.Until(t, "a payment is taken", func() error {
		var o order
		c.get(t, "/orders/"+all[shipped].OrderID, &o)
		for _, entry := range o.Timeline {
			if entry.Type == "payment.taken" {
				return nil
			}
		}
		return fmt.Errorf("the timeline is %v", o.Timeline)
	})
	if after := c.usage(t).Functions[function].Invocations; after != before {
		t.Errorf("%s has run %d times while it is paused", function, after-before)
	}
	c.plan(t, map[string]any{"paused": map[string]bool{function: false}})
	return all
}

// plan changes faults and pauses of the local cloud.
func (c *cloud) plan(t *testing.T, change map[string]any) {
	t.Helper()
	body, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.do(t.Context(), http.MethodPut, c.FaultsURL, string(body))
	if err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%s is answered %d: %s, %v", body, answer.Status, answer.Body, err)
	}
}
