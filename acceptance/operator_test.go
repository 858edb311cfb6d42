package acceptance

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/saga/acceptance/await"
)

// operator runs a command of the operator, and returns its output.
func (c *cloud) operator(t *testing.T, command string, arguments ...string) (result, notes string) {
	t.Helper()
	program := exec.CommandContext(t.Context(), "../dist/local/operator", append([]string{command, "-ready-file", c.readyFile}, arguments...)...)
	var errorText strings.Builder
	program.Stderr = &errorText
	out, err := program.Output()
	if err != nil {
		t.Fatalf("operator %s %v: %v: %s (make host builds it)", command, arguments, err, errorText.String())
	}
	return string(out), errorText.String()
}

// replay runs the operator's replay.
func (c *cloud) replay(t *testing.T, arguments ...string) (result, notes string) {
	t.Helper()
	return c.operator(t, "replay", arguments...)
}

// stamp returns a time as an operator types it: in whole seconds, rounded down.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func TestAReplayToAnyContextChangesNothing(t *testing.T) {
	t.Parallel()               // It mostly waits.
	began := stamp(time.Now()) // The stock receipt of the start is replayed too.
	c := startCloud(t)
	placed := c.placeMixed(t, 30)
	for _, p := range placed {
		c.awaitEnd(t, p.OrderID)
	}
	c.settled(t)
	before := c.evidence(t)
	for _, to := range append(contextIDs(), "Notification", "Observability") {
		t.Run(to, func(t *testing.T) {
			c.replayTime(t, to, began)
			c.checkUnchanged(t, before)
			c.replayOrders(t, to, placed[:len(orderKinds())])
			c.checkUnchanged(t, before)
		})
	}
}

// replayTime replays all events since a time, and fails the test if they do not reach the
// context.
func (c *cloud) replayTime(t *testing.T, to, from string) {
	t.Helper()
	matched, handled := c.usage(t).matched(to), c.handled(t, to)
	result, notes := c.replay(t, "-to", to, "-from", from)
	if !strings.Contains(result, " is COMPLETED, has reached ") {
		t.Errorf("the replay prints %s", result)
	}
	c.settled(t)
	if got := c.usage(t).matched(to); got < 2*matched {
		t.Errorf("the rules have matched %d events, and then %d", matched, got)
	}
	// A FIFO queue drops a message that it received less than five minutes ago, and the
	// operator prints a note about that.
	if got := c.handled(t, to); to != "Warehouse" && got < handled+matched {
		t.Errorf("%d events were handled, and then %d", handled, got)
	}
	if got := strings.Contains(notes, ".fifo drops events that it got"); got != (to == "Warehouse") {
		t.Errorf("the operator notes %q", notes)
	}
}

// replayOrders replays each of the orders, and fails the test if fewer events are handled
// than the operator reports as sent.
func (c *cloud) replayOrders(t *testing.T, to string, orders []placed) {
	t.Helper()
	handled, total := c.handled(t, to), 0
	for _, p := range orders {
		result, notes := c.replay(t, "-to", to, "-order", p.OrderID)
		sent := strings.Count(result, " sent to ")
		if none := strings.Contains(notes, "none is for "+to); none != (sent == 0) {
			t.Errorf("the operator has sent %d events, and notes %q", sent, notes)
		}
		total += sent
	}
	c.settled(t)
	if got := c.handled(t, to); got < handled+total {
		t.Errorf("%d events were handled, and then %d, although %d were sent", handled, got, total)
	}
}

// matched returns how many events the rules of a context on the Global bus have matched,
// without the rules on its own bus.
func (u usage) matched(context string) int {
	total := 0
	for path, rule := range u.Rules {
		if strings.HasPrefix(path, context+"/") && !strings.HasPrefix(path, "Loyalty/Consume") && !strings.HasPrefix(path, "Loyalty/ForwardOut") {
			total += rule.Matched
		}
	}
	return total
}

// handled returns how many events were delivered to a context.
func (c *cloud) handled(t *testing.T, context string) int {
	t.Helper()
	u := c.usage(t)
	switch context {
	case "Notification":
		delivered := 0
		for _, n := range c.notifications(t) {
			delivered += n.Count
		}
		return delivered
	case "Observability":
		return u.Queues["Observability/Queue"].Visible + len(c.evidence(t).Published)
	default:
		worker := u.Functions[context+"/Worker"]
		return worker.Records + worker.Events
	}
}

// loseAll places orders and empties the queue of a context, which receives few of their
// events or none. It returns the orders that stay in a status.
func (c *cloud) loseAll(t *testing.T, context, status string) []order {
	t.Helper()
	const many = 40
	placed := c.placeMany(t, many, concurrency)
	queue := context + "/Queue"
	await.Until(t, "all orders are in the queue of "+context, func() error {
		if waiting := c.usage(t).Queues[queue]; waiting.Visible+waiting.InFlight < many {
			return fmt.Errorf("%+v do", waiting)
		}
		return nil
	})
	c.purge(t, queue)
	c.resume(t)
	c.settled(t)
	var stuck []order
	for _, o := range placed {
		var now order
		c.get(t, "/orders/"+o.OrderID, &now)
		if now.Status == status {
			stuck = append(stuck, o)
		}
	}
	if len(stuck) == 0 {
		t.Fatal("nothing was lost")
	}
	return stuck
}

func TestAReplayOfATimeRangeCompletesTheOrdersWhoseEventsWereLost(t *testing.T) {
	c := startCloud(t, "--pause", "Payment/Worker")
	began := stamp(time.Now())
	stuck := c.loseAll(t, "Payment", "reserved")
	c.replay(t, "-to", "Payment", "-from", began)
	for _, o := range stuck {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)
	c.checkInvariants(t)
}

func TestAReplayOfAnOrderReachesAFIFOQueueThatDropsAReplayOfATimeRange(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t, "--pause", "Warehouse/Worker")
	began := stamp(time.Now())
	stuck := c.loseAll(t, "Warehouse", "placed")
	c.replay(t, "-to", "Warehouse", "-from", began)
	c.settled(t)
	for _, o := range stuck {
		c.awaitStatus(t, o.OrderID, "placed")
		c.replay(t, "-to", "Warehouse", "-order", o.OrderID)
	}
	for _, o := range stuck {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)
	c.checkInvariants(t)
}
