package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
	"example.com/saga/pkg/contract"
)

// mixture is a kind of order, and how all orders of this kind must end.
type mixture struct {
	name string
	n    int
	// from and to are the value of the basket in which the order differs.
	from, to string
	// cancel: the cancellation is requested before the warehouse begins; late: it is
	// requested after the end; pastDeadline: the order times out.
	cancel, late, pastDeadline bool
	status, reason             string
}

func mixtures() []mixture {
	return []mixture{
		{name: "shipped", n: 250, status: "shipped"},
		{name: "out of stock", n: 40, from: `"sku": "123"`, to: `"sku": "never-received"`, status: "cancelled", reason: "out-of-stock"},
		{name: "declined", n: 40, from: `"card"`, to: `"card-declined"`, status: "cancelled", reason: "payment-declined"},
		{name: "award rejected", n: 40, from: `"c-42"`, to: `"blocked-1"`, status: "cancelled", reason: "award-rejected"},
		{name: "undeliverable", n: 40, from: `"23 Fake Street"`, to: `"undeliverable"`, status: "cancelled", reason: "undeliverable"},
		{name: "cancelled early", n: 40, cancel: true, status: "cancelled", reason: "cancelled-by-customer"},
		{name: "cancelled late", n: 30, late: true, status: "shipped"},
		{name: "timed out", n: 20, pastDeadline: true, status: "cancelled", reason: "timed-out"},
	}
}

func TestEveryKindOfOrderEndsWithItsStatusAndReason(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t, "--schedule-every", "200ms", "--pause", "Warehouse/Worker")
	kinds := mixtures()
	orders := make([][]order, len(kinds))
	for k, kind := range kinds {
		orders[k] = c.placeKind(t, kind)
	}
	c.resume(t)
	for k, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, placed := range orders[k] {
				ended := c.awaitEnd(t, placed.OrderID)
				if ended.Status != kind.status || ended.Reason != kind.reason {
					t.Errorf("order %s ended %s for the reason %q", placed.OrderID, ended.Status, ended.Reason)
				}
				if kind.late {
					c.expectTooLate(t, placed.OrderID)
				}
			}
		})
	}
	c.settled(t)
	c.checkInvariants(t)
	c.checkRecordSizes(t)
}

// oneUnit is how many bytes one write unit writes.
const oneUnit = 1024

// checkRecordSizes checks that every record of an order of one line is written with one
// unit, whatever has happened to the order.
func (c *cloud) checkRecordSizes(t *testing.T) {
	t.Helper()
	for _, context := range contract.Catalogue().Contexts() {
		table, err := c.stack(t).Table(context)
		if err != nil {
			t.Fatal(err)
		}
		largest := 0
		pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(c.aws(t)), &dynamodb.ScanInput{TableName: &table})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				if _, isRecord := item["record"]; isRecord {
					largest = max(largest, itemSize(t, item))
				}
			}
		}
		t.Logf("the largest record of the %s context has %d bytes", context, largest)
		if largest == 0 || largest > oneUnit {
			t.Errorf("the largest record of the %s context has %d bytes, allowed are 1 to %d", context, largest, oneUnit)
		}
	}
}

// placeKind places all orders of a kind, while the warehouse is paused.
func (c *cloud) placeKind(t *testing.T, kind mixture) []order {
	t.Helper()
	placed := make([]order, kind.n)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(concurrency)
	for i := range placed {
		group.Go(func() (err error) {
			if placed[i], err = c.place(ctx, strings.Replace(basket, kind.from, kind.to, 1)); err == nil && kind.cancel {
				err = c.requestCancellation(ctx, placed[i].OrderID)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if kind.pastDeadline {
		for _, o := range placed {
			c.passDeadline(t, o.OrderID)
		}
		for _, o := range placed {
			c.awaitStatus(t, o.OrderID, "cancelling")
		}
	}
	return placed
}

// resume resumes the paused functions.
func (c *cloud) resume(t *testing.T) {
	t.Helper()
	answer, err := c.do(t.Context(), http.MethodPost, c.AWSEndpointURL+"/resume", "")
	if err != nil || answer.Status != http.StatusNoContent {
		t.Fatalf("resuming is answered with %d, %v", answer.Status, err)
	}
}

// expectTooLate checks that a cancellation is rejected as too late.
func (c *cloud) expectTooLate(t *testing.T, id string) {
	t.Helper()
	answer, err := c.do(t.Context(), http.MethodPost, "/orders/"+id+"/cancellation", "")
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusConflict || !strings.Contains(string(answer.Body), "/problems/too-late") {
		t.Errorf("cancelling order %s after its end is answered %d: %s", id, answer.Status, answer.Body)
	}
}

func TestACancellationAfterTheShipmentIsRefusedInTheTimeline(t *testing.T) {
	// The order context does not receive the shipment, so it publishes the request. The
	// warehouse refuses it.
	c := startCloud(t, "--pause", "Order/Worker")
	placed := c.placeMany(t, 1, 1)[0]
	await.Until(t, "the order is shipped", func() error {
		if notified := len(c.notifications(t)); notified != 1 {
			return fmt.Errorf("%d notifications", notified)
		}
		return nil
	})
	if err := c.requestCancellation(t.Context(), placed.OrderID); err != nil {
		t.Fatal(err)
	}
	c.resume(t)
	c.awaitStatus(t, placed.OrderID, "shipped")
	c.settled(t)
	var types []string
	for _, entry := range c.awaitStatus(t, placed.OrderID, "shipped").Timeline {
		types = append(types, entry.Type)
	}
	for _, want := range []string{"order.cancellation-requested", "warehouse.cancellation-refused"} {
		if !strings.Contains(strings.Join(types, " "), want) {
			t.Errorf("the timeline %v has no %s", types, want)
		}
	}
	c.expectTooLate(t, placed.OrderID)
	c.checkInvariants(t)
}
