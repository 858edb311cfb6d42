package acceptance_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

var _ failer = (*rapid.T)(nil)

// everything is delivered, first come, first served.
func everything(c *choreography) { c.run(first) }

// toAllBut delivers everything that does not go to the named context.
func toAllBut(name string) func(*choreography) {
	return func(c *choreography) { c.run(choosing(func(d delivery) bool { return d.consumer.name != name })) }
}

// of delivers the events of one type, and nothing that they cause.
func of(data event.Data) func(*choreography) {
	return func(c *choreography) {
		c.run(choosing(func(d delivery) bool { return d.event.Type == data.EventType() }))
	}
}

func cancelling(c *choreography) {
	if err := c.cancel("o-1"); err != nil {
		c.t.Fatalf("cancel: %v", err)
	}
}

func TestAnOrderIsShippedByFiveEventsInAChainOfCauses(t *testing.T) {
	c := newChoreography(t, newLanguage(t), map[string]int64{"123": 10})
	o := basket("o-1", 2)
	c.place(o)
	everything(c)
	c.audit(o)
	if diff := cmp.Diff([]string{
		"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.order-shipped",
	}, c.types("o-1")); diff != "" {
		t.Fatalf("published (-want +got):\n%s", diff)
	}
	cause := ""
	for _, e := range c.log {
		if e.CausationID != cause || e.CorrelationID != "saga of o-1" {
			t.Errorf("%s is caused by %q in %q, want %q", e.Type, e.CausationID, e.CorrelationID, cause)
		}
		cause = e.ID
	}
	if state, _ := c.load("o-1"); state.Status() != order.StatusShipped || state.Reason != "" {
		t.Errorf("the order is %s, because of %q", state.Status(), state.Reason)
	}
}

func TestEachUnhappyPathEndsAsItShould(t *testing.T) {
	language := newLanguage(t)
	for name, test := range map[string]struct {
		change func(*contract.OrderPlaced)
		steps  []func(*choreography)
		status order.Status
		reason contract.Reason
		events []string
	}{
		"out of stock": {
			change: func(o *contract.OrderPlaced) { o.Items[0].Quantity = 11 },
			status: order.StatusCancelled, reason: contract.OutOfStock,
			events: []string{"order.placed", "warehouse.stock-unavailable", "order.cancelled"},
		},
		"payment declined": {
			change: func(o *contract.OrderPlaced) { o.PaymentMethod = "card-declined" },
			status: order.StatusCancelled, reason: contract.PaymentWasDeclined,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.declined", "warehouse.stock-released", "order.cancelled",
			},
		},
		"customer blocked": {
			change: func(o *contract.OrderPlaced) { o.CustomerID = "blocked-7" },
			status: order.StatusCancelled, reason: contract.AwardWasRejected,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.award-rejected",
				"payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"undeliverable": {
			change: func(o *contract.OrderPlaced) { o.ShippingAddress = "undeliverable" },
			status: order.StatusCancelled, reason: contract.Undeliverable,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.shipment-failed",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled before the warehouse knows the order": {
			steps:  []func(*choreography){cancelling, of(contract.CancellationRequested{})},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "order.cancellation-requested", "warehouse.shipment-failed",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled while the stock is reserved": {
			steps:  []func(*choreography){of(contract.OrderPlaced{}), cancelling, of(contract.CancellationRequested{})},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "order.cancellation-requested", "warehouse.shipment-failed", "payment.taken",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled when everything is taken and awarded": {
			steps: []func(*choreography){
				of(contract.OrderPlaced{}), of(contract.StockReserved{}), of(contract.PaymentTaken{}),
				cancelling, of(contract.CancellationRequested{}),
			},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded",
				"order.cancellation-requested", "warehouse.shipment-failed",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled too late": {
			steps:  []func(*choreography){toAllBut(contract.SourceOrder), cancelling},
			status: order.StatusShipped,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.order-shipped",
				"order.cancellation-requested", "warehouse.cancellation-refused",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChoreography(t, language, map[string]int64{"123": 10})
			o := basket("o-1", 2)
			if test.change != nil {
				test.change(&o)
			}
			c.place(o)
			for _, step := range append(test.steps, everything) {
				step(c)
			}
			c.audit(o)
			if diff := cmp.Diff(test.events, c.types("o-1")); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			if state, _ := c.load("o-1"); state.Status() != test.status || state.Reason != test.reason {
				t.Errorf("the order is %s because of %q, want %s, %q", state.Status(), state.Reason, test.status, test.reason)
			}
			if err := c.cancel("o-1"); test.steps == nil && !errors.Is(err, order.ErrTooLate) {
				t.Errorf("a cancellation at the end is answered by %v", err)
			}
		})
	}
}

// Stock for some of the orders, every way for them to fail, deliveries in any
// order and more than once, runs that die between their commit and publishing.
func TestWhateverIsDuplicatedReorderedAndLostEveryOrderEndsAndAllIsBalanced(t *testing.T) {
	language := newLanguage(t)
	rapid.Check(t, func(t *rapid.T) {
		c := newChoreography(t, language, map[string]int64{"123": 4})
		c.losesBus = func() bool { return rapid.IntRange(0, 9).Draw(t, "bus") == 9 }
		orders := drawOrders(t)
		for _, o := range orders {
			c.place(o)
		}
		cancellations := rapid.SliceOfN(rapid.IntRange(0, len(orders)-1), 0, len(orders)).Draw(t, "cancelled")
		duplicates := rapid.IntRange(0, 20).Draw(t, "duplicates")
		c.run(func(pending []delivery) int {
			if len(cancellations) > 0 && rapid.IntRange(0, 4).Draw(t, "cancel now") == 0 {
				err := c.cancel(orders[cancellations[0]].OrderID)
				if err != nil && !errors.Is(err, order.ErrTooLate) {
					t.Fatalf("cancel: %v", err)
				}
				cancellations = cancellations[1:]
			}
			if duplicates > 0 && rapid.Bool().Draw(t, "duplicate") {
				duplicates--
				c.pending = append(c.pending, pending[rapid.IntRange(0, len(pending)-1).Draw(t, "of")])
			}
			return rapid.IntRange(0, len(pending)-1).Draw(t, "next")
		})
		c.audit(orders...)

		before := statesOf(c, orders)
		archive := slices.Clone(c.log)
		for _, e := range rapid.Permutation(archive).Draw(t, "replay") {
			c.deliver(e)
		}
		everything(c)
		c.audit(orders...)
		if diff := cmp.Diff(before, statesOf(c, orders)); diff != "" {
			t.Fatalf("replaying the archive changes something (-before +after):\n%s", diff)
		}
	})
}

func drawOrders(t *rapid.T) []contract.OrderPlaced {
	orders := make([]contract.OrderPlaced, rapid.IntRange(1, 3).Draw(t, "orders"))
	for i := range orders {
		o := basket(fmt.Sprintf("o-%d", i+1), rapid.Int64Range(1, 3).Draw(t, "quantity"))
		o.PaymentMethod = rapid.SampledFrom([]string{"card", "card", "card-declined"}).Draw(t, "method")
		o.CustomerID = rapid.SampledFrom([]string{"c-42", "c-43", "blocked-7"}).Draw(t, "customer")
		o.ShippingAddress = rapid.SampledFrom([]string{"23 Fake Street", "23 Fake Street", "undeliverable"}).Draw(t, "address")
		orders[i] = o
	}
	return orders
}

// statesOf gives the state of every order and the number of different events.
func statesOf(c *choreography, orders []contract.OrderPlaced) map[string]any {
	states := make(map[string]any)
	for _, o := range orders {
		state, _ := c.load(o.OrderID)
		states[o.OrderID] = state
		states[o.OrderID+" events"] = len(c.events(o.OrderID))
	}
	return states
}
