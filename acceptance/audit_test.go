package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/audit"
	"example.com/saga/operator/evidence"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
)

// stack returns the stack that the operator finds by the ready file.
func (c *cloud) stack(tb testing.TB) stack.Stack {
	tb.Helper()
	found, err := stack.ReadFile(c.readyFile)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// violations returns the violated invariants. No event may be in transit.
func (c *cloud) violations(tb testing.TB) []audit.Violation {
	tb.Helper()
	violations, err := c.audit(tb)
	if err != nil {
		tb.Fatal(err)
	}
	return violations
}

// audit returns the violated invariants, or an error if what there is cannot be read.
func (c *cloud) audit(tb testing.TB) ([]audit.Violation, error) {
	tb.Helper()
	collected, err := evidence.Collect(tb.Context(), c.aws(tb), c.stack(tb))
	if err != nil {
		return nil, err
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	return audit.Audit(language, collected)
}

// checkInvariants fails the test if an invariant is violated.
func (c *cloud) checkInvariants(tb testing.TB) {
	tb.Helper()
	for _, violation := range c.violations(tb) {
		tb.Error(violation)
	}
}

// orderKind is a kind of order, with the statuses in which it may end.
type orderKind struct {
	name string
	// from and to are the value of the basket in which the order differs.
	from, to string
	cancel   bool
	ends     []string
}

func orderKinds() []orderKind {
	cancelled := []string{"cancelled"}
	return []orderKind{
		{name: "shipped", ends: []string{"shipped"}},
		{name: "out of stock", from: `"sku": "123"`, to: `"sku": "never-received"`, ends: cancelled},
		{name: "declined", from: `"card"`, to: `"card-declined"`, ends: cancelled},
		{name: "blocked", from: `"c-42"`, to: `"blocked-1"`, ends: cancelled},
		{name: "undeliverable", from: `"23 Fake Street"`, to: `"undeliverable"`, ends: cancelled},
		{name: "of several lines", from: oneLine, to: manyLines, ends: []string{"shipped"}},
		{name: "short of one line", from: oneLine, to: oneShort, ends: cancelled},
		{name: "cancelled at once", cancel: true, ends: []string{"cancelled", "shipped"}},
	}
}

// placed is an order with its kind.
type placed struct {
	order
	orderKind
}

// placeMixed places orders of all kinds in turn, some of them concurrently.
func (c *cloud) placeMixed(t *testing.T, n int) []placed {
	t.Helper()
	kinds := orderKinds()
	all := make([]placed, n)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(concurrency)
	for i := range all {
		group.Go(func() error {
			kind := kinds[i%len(kinds)]
			one, err := c.place(ctx, strings.Replace(basket, kind.from, kind.to, 1))
			all[i] = placed{one, kind}
			if err != nil || !kind.cancel {
				return err
			}
			return c.requestCancellation(ctx, one.OrderID)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// requestCancellation requests a cancellation, which may be too late.
func (c *cloud) requestCancellation(ctx context.Context, orderID string) error {
	answer, err := c.do(ctx, http.MethodPost, "/orders/"+orderID+"/cancellation", "")
	if err != nil {
		return err
	}
	if answer.Status != http.StatusAccepted && answer.Status != http.StatusConflict {
		return fmt.Errorf("the cancellation of %s answers %d: %s", orderID, answer.Status, answer.Body)
	}
	return nil
}

// awaitEnd waits until an order is shipped or cancelled, and returns it.
func (c *cloud) awaitEnd(t *testing.T, id string) order {
	t.Helper()
	var o order
	await.Until(t, "order "+id+" has ended", func() error {
		c.get(t, "/orders/"+id, &o)
		if o.Status != "shipped" && o.Status != "cancelled" {
			return fmt.Errorf("it is %s", o.Status)
		}
		return nil
	})
	return o
}

func TestOrdersOfEveryOutcomeEndAndTheAuditFindsARemovedPayment(t *testing.T) {
	c := startCloud(t)
	var shipped string
	for _, p := range c.placeMixed(t, 50) {
		ended := c.awaitEnd(t, p.OrderID)
		if !slices.Contains(p.ends, ended.Status) {
			t.Errorf("an order that is %s ended %s (%s)", p.name, ended.Status, ended.Reason)
		}
		if p.name == "shipped" {
			shipped = p.OrderID
		}
	}
	c.settled(t)
	c.checkInvariants(t)

	table := c.Tables["Payment/Table"]
	if _, err := dynamodb.NewFromConfig(c.aws(t)).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "charge#" + shipped}},
	}); err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, violation := range c.violations(t) {
		found = append(found, violation.Invariant)
		if violation.Invariant == 3 && violation.Order != shipped {
			t.Errorf("the violation is of the wrong order: %s", violation)
		}
	}
	if want := []int{3, 5}; !slices.Equal(found, want) {
		t.Errorf("a payment was removed, which violates the invariants %v, not %v", want, found)
	}
}
