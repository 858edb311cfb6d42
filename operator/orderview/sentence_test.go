package orderview_test

import (
	"strings"
	"testing"
	"time"

	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
	"example.com/saga/services/order"
)

// history is what happened to an order, and the sentence about it.
type history struct {
	name   string
	happen func(*saga)
	want   string
}

// buys returns a history of an order with these members in which all events are delivered.
func buys(change contract.OrderPlaced) func(*saga) {
	return func(s *saga) {
		s.buy(change)
		s.run()
	}
}

// waits returns a history in which a context does not handle an event for three seconds.
func waits(consumer, eventType string, change contract.OrderPlaced) func(*saga) {
	return func(s *saga) {
		s.held = func(c, e string) bool { return c == consumer && e == eventType }
		s.buy(change)
		s.run()
		s.after(3 * time.Second)
	}
}

// stops returns a history in which the event that a context does not handle becomes a dead
// letter.
func stops(consumer, eventType string, dead dlq.DeadLetter) func(*saga) {
	return func(s *saga) {
		waits(consumer, eventType, contract.OrderPlaced{})(s)
		dead.ID, dead.Context = "m-1", consumer
		dead.Event = deadletter.Content{Type: eventType, ID: s.idOf(eventType), Order: id}
		s.dead = []dlq.DeadLetter{dead}
	}
}

func attributes(named map[string]string) map[string]sqstypes.MessageAttributeValue {
	all := make(map[string]sqstypes.MessageAttributeValue)
	for name, value := range named {
		all[name] = sqstypes.MessageAttributeValue{StringValue: &value}
	}
	return all
}

// cancels returns a history in which an order is cancelled before a context handles an
// event, which it gets afterwards.
func cancels(before, eventType string, reason contract.Reason) func(*saga) {
	return func(s *saga) {
		s.held = func(c, e string) bool { return c == before && e == eventType }
		s.buy(contract.OrderPlaced{})
		s.run()
		s.cancel(reason)
		s.run()
	}
}

var (
	declined      = contract.OrderPlaced{PaymentMethod: "card-declined"}
	blocked       = contract.OrderPlaced{CustomerID: "blocked-1"}
	undeliverable = contract.OrderPlaced{ShippingAddress: "undeliverable"}
	rare          = contract.OrderPlaced{Items: []contract.Item{{SKU: "456", Quantity: 1, Price: 100, Currency: "EUR"}}}
)

// ends is a line of Lambda about a process that was killed.
const ends = "RequestId: 7 Error: Runtime exited with error: signal: killed"

func endings() []history {
	return []history{
		{"shipped", buys(contract.OrderPlaced{}), "Shipped after 40 ms."},
		{"out of stock", buys(rare), "Cancelled after 10 ms: there was not enough stock of 456. No stock was reserved; nothing was charged."},
		{"declined", buys(declined), "Cancelled after 30 ms: the payment was declined. The stock was given back; nothing was charged."},
		{"no points", buys(blocked), "Cancelled after 50 ms: the award of points was rejected. The stock was given back; 25.00 EUR were refunded."},
		{
			"undeliverable", buys(undeliverable),
			"Cancelled after 70 ms: the carrier does not deliver to the address. The stock was given back; 25.00 EUR were refunded; 25 points were revoked.",
		},
		{
			"cancelled by the customer before it was reserved", cancels("warehouse", "order.placed", contract.CancelledByCustomer),
			"Cancelled after 40 ms: the customer cancelled it. No stock was reserved; nothing was charged.",
		},
		{
			"cancelled by the customer before it was shipped", cancels("warehouse", "loyalty.points-awarded", contract.CancelledByCustomer),
			"Cancelled after 70 ms: the customer cancelled it. The stock was given back; 25.00 EUR were refunded; 25 points were revoked.",
		},
		{
			"cancelled at its deadline", cancels("loyalty", "payment.taken", contract.TimedOut),
			"Cancelled after 60 ms: it had not ended by its deadline. The stock was given back; 25.00 EUR were refunded.",
		},
		{
			"cancelled too late by the customer", cancels("order", "warehouse.order-shipped", contract.CancelledByCustomer),
			"Shipped after 40 ms. Its cancellation was refused: it was shipped already.",
		},
		{
			"cancelled too late at its deadline", cancels("order", "warehouse.order-shipped", contract.TimedOut),
			"Shipped after 40 ms. Its cancellation at the deadline was refused: it was shipped already.",
		},
		{"unknown", func(*saga) {}, "No context has a record of this order."},
	}
}

func TestTheSentenceShowsWhyAnOrderEnded(t *testing.T) {
	check(t, endings())
	said := make(map[string]contract.Reason)
	for _, reason := range contract.Reasons() {
		v := orderview.View{
			Contexts: []orderview.Context{{Name: contract.SourceOrder}},
			Order:    order.State{Progress: order.Placed, Rollback: order.RollbackComplete, Reason: reason},
		}
		if other, again := said[v.Sentence()]; again {
			t.Errorf("an order is cancelled because of %s and of %s with the sentence %s", reason, other, v.Sentence())
		}
		said[v.Sentence()] = reason
	}
}

func check(t *testing.T, rows []history) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSaga(t)
			row.happen(s)
			if got := s.view().Sentence(); got != row.want {
				t.Errorf("the sentence is\n%s\nand not\n%s", got, row.want)
			}
		})
	}
}

// erased returns a record in which nothing is left but when the order was erased.
func erased(s *saga) {
	buys(contract.OrderPlaced{})(s)
	s.after(time.Hour)
	must(s.t, s.orders.Erase(s.t.Context(), id, order.Tombstone(s.now)))
}

// TestTheSentenceShowsWhereAnOrderStands has an order that waits at every step forward and
// backward.
func TestTheSentenceShowsWhereAnOrderStands(t *testing.T) {
	const deadline = " It is cancelled in 1 m 56 s if it has not ended."
	check(t, []history{
		{"reservation", waits("warehouse", "order.placed", contract.OrderPlaced{}), "Running for 3 s: Warehouse has still to handle order.placed. It is cancelled in 1 m 57 s if it has not ended."},
		{"payment", waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{}), "Running for 3 s: Payment has still to handle warehouse.stock-reserved." + deadline},
		{"award", waits("loyalty", "payment.taken", contract.OrderPlaced{}), "Running for 3 s: Loyalty has still to handle payment.taken." + deadline},
		{"shipment", waits("warehouse", "loyalty.points-awarded", contract.OrderPlaced{}), "Running for 3 s: Warehouse has still to handle loyalty.points-awarded." + deadline},
		{"the end", waits("order", "warehouse.order-shipped", contract.OrderPlaced{}), "Running for 3 s: Order has still to handle warehouse.order-shipped." + deadline},
		{"the end without stock", waits("order", "warehouse.stock-unavailable", rare), "Running for 3 s: Order has still to handle warehouse.stock-unavailable." + deadline},
		{"release after a decline", waits("warehouse", "payment.declined", declined), "Rolling back for 3 s because the payment was declined: Warehouse has still to handle payment.declined."},
		{"refund after a rejection", waits("payment", "loyalty.award-rejected", blocked), "Rolling back for 3 s because the award of points was rejected: Payment has still to handle loyalty.award-rejected."},
		{"revocation", waits("loyalty", "warehouse.shipment-failed", undeliverable), "Rolling back for 3 s because the carrier does not deliver to the address: Loyalty has still to handle warehouse.shipment-failed."},
		{"refund after a revocation", waits("payment", "loyalty.points-revoked", undeliverable), "Rolling back for 3 s because the carrier does not deliver to the address: Payment has still to handle loyalty.points-revoked."},
		{"release after a refund", waits("warehouse", "payment.refunded", undeliverable), "Rolling back for 3 s because the carrier does not deliver to the address: Warehouse has still to handle payment.refunded."},
		{"the end of a rollback", waits("order", "warehouse.stock-released", declined), "Rolling back for 3 s because the payment was declined: Order has still to handle warehouse.stock-released."},
		{"a cancellation", func(s *saga) {
			s.held = func(c, e string) bool { return c == "warehouse" && e != "order.placed" }
			s.buy(contract.OrderPlaced{})
			s.run()
			s.cancel(contract.CancelledByCustomer)
			s.run()
			s.after(3 * time.Second)
		}, "Being cancelled for 3 s because the customer cancelled it: Warehouse has still to handle order.cancellation-requested."},
		{"past its deadline", func(s *saga) {
			waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
			s.after(2 * time.Minute)
		}, "Running for 2 m 3 s: Payment has still to handle warehouse.stock-reserved. Its deadline has passed, and its cancellation is to be requested."},
		{"failing", func(s *saga) {
			waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
			for range 3 {
				s.line("payment", "failed", "warehouse.stock-reserved", s.idOf("warehouse.stock-reserved"), "call the provider: connection refused")
			}
		}, "Running for 3 s: Payment has still to handle warehouse.stock-reserved. It failed 3 times, and is tried again: connection refused (call the provider)." + deadline},
		{"killed", func(s *saga) {
			waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
			s.logs.put("payment", s.now.Add(-time.Second), ends)
		}, "Running for 3 s: Payment has still to handle warehouse.stock-reserved. " +
			"Meanwhile a process of Payment/Worker ended (Runtime exited with error: signal: killed), and the work is repeated." + deadline},
		{"erased", erased, "It was erased at 2026-03-01T13:00:00Z: nothing else is left of it."},
		{
			"a stock receipt", func(s *saga) {
				s.stores["order"], s.stores["loyalty"] = s.stores["loyalty"], s.stores["order"]
				s.buy(contract.OrderPlaced{})
			},
			"The order context has no record of it, only Loyalty: its record has expired, or it is not an order.",
		},
	})
}

func TestTheSentenceShowsWhichDeadLetterStopsAnOrder(t *testing.T) {
	const deadline = " It is cancelled in 1 m 56 s if it has not ended."
	failed := dlq.DeadLetter{Message: deadletter.Message{From: "arn:queue"}, Attempts: 10, LastError: "call the provider: connection refused"}
	killed := dlq.DeadLetter{Message: deadletter.Message{From: "arn:queue"}, Attempts: 10}
	invalid := dlq.DeadLetter{Reason: `INVALID_EVENT: invalid event: unknown type "x: y"`}
	undelivered := dlq.DeadLetter{
		Message: deadletter.Message{Attributes: attributes(map[string]string{deadletter.RuleARN: "arn:rule"})}, Reason: "NO_PERMISSIONS: not authorized (rule arn:rule, target arn:queue)",
	}
	check(t, []history{
		{"reservation", stops("warehouse", "order.placed", failed), "Stopped for 3 s: Warehouse failed 10 times on order.placed: connection refused (call the provider). It is cancelled in 1 m 57 s if it has not ended."},
		{"payment", stops("payment", "warehouse.stock-reserved", failed), "Stopped for 3 s: Payment failed 10 times on warehouse.stock-reserved: connection refused (call the provider)." + deadline},
		{"award", stops("loyalty", "payment.taken", invalid), `Stopped for 3 s: Loyalty cannot handle payment.taken: unknown type "x: y" (INVALID_EVENT: invalid event).` + deadline},
		{"shipment", stops("warehouse", "loyalty.points-awarded", undelivered), "Stopped for 3 s: loyalty.points-awarded was not delivered to Warehouse: not authorized (rule arn:rule, target arn:queue) (NO_PERMISSIONS)." + deadline},
		{"the end", stops("order", "warehouse.order-shipped", killed), "Stopped for 3 s: Order failed 10 times on warehouse.order-shipped, and its log has no error of it." + deadline},
		{
			"a process that ends each time", func(s *saga) {
				stops("payment", "warehouse.stock-reserved", killed)(s)
				s.logs.put("payment", s.now.Add(-time.Second), ends)
				s.logs.put("payment", s.now.Add(-2*time.Second), ends)
			},
			"Stopped for 3 s: Payment failed 10 times on warehouse.stock-reserved, and its log has no error of it. " +
				"Meanwhile 2 processes of Payment/Worker ended (Runtime exited with error: signal: killed)." + deadline,
		},
		{"a forwarding rule", func(s *saga) {
			stops("warehouse", "loyalty.points-awarded", undelivered)(s)
			s.dead[0].Context = "loyalty"
		}, "Stopped for 3 s: loyalty.points-awarded was not delivered to Warehouse: not authorized (rule arn:rule, target arn:queue) (NO_PERMISSIONS)." + deadline},
	})
}

func TestTheSentenceNamesDeadLettersThatDoNotStopAnOrder(t *testing.T) {
	poison := func(of deadletter.Content, context string) func(*saga) {
		return func(s *saga) {
			buys(contract.OrderPlaced{})(s)
			s.dead = []dlq.DeadLetter{{Queue: orderview.Title(context) + "/DeadLetters", Context: context, Event: of, Reason: "INVALID_EVENT: unknown type"}}
		}
	}
	check(t, []history{
		{
			"a forged event", poison(deadletter.Content{Type: "order.poisoned", ID: "p-1", Order: id}, "warehouse"),
			"Shipped after 40 ms. A dead letter in Warehouse/DeadLetters does not stop it: unknown type (INVALID_EVENT).",
		},
		{"of another order", poison(deadletter.Content{Type: "order.poisoned", ID: "p-1", Order: "o-2"}, "warehouse"), "Shipped after 40 ms."},
		{
			"a notification", poison(deadletter.Content{Type: "warehouse.order-shipped", ID: "e", Order: id}, "notification"),
			"Shipped after 40 ms. The notification of warehouse.order-shipped was not delivered: unknown type (INVALID_EVENT).",
		},
		{"a forged event of a running order", func(s *saga) {
			waits("payment", "warehouse.stock-reserved", contract.OrderPlaced{})(s)
			s.dead = []dlq.DeadLetter{{Queue: "Loyalty/DeadLetters", Context: "loyalty", Event: deadletter.Content{Type: "payment.taken", ID: "p-1", Order: id}, Reason: "X"}}
		}, "Running for 3 s: Payment has still to handle warehouse.stock-reserved. It is cancelled in 1 m 56 s if it has not ended. " +
			"A dead letter in Loyalty/DeadLetters does not stop it: X."},
		{"of an unknown order", func(s *saga) {
			s.dead = []dlq.DeadLetter{{Queue: "Payment/DeadLetters", Context: "payment", Event: deadletter.Content{Type: "payment.taken", ID: "p-1", Order: id}, Reason: "X"}}
		}, "No context has a record of this order. A dead letter in Payment/DeadLetters is about it: X."},
	})
}

func TestTheSentenceShowsWhatTookLong(t *testing.T) {
	slow := func(happen func(*saga)) func(*saga) {
		return func(s *saga) {
			s.before = func(consumer, eventType string) {
				if consumer == "payment" && eventType == "warehouse.stock-reserved" {
					happen(s)
					s.after(30 * time.Second)
				}
			}
			buys(contract.OrderPlaced{})(s)
		}
	}
	check(t, []history{
		{"nothing known", slow(func(*saga) {}), "Shipped after 30 s. Most of it, 30 s, was until Payment published payment.taken."},
		{
			"a process ended", slow(func(s *saga) { s.logs.put("payment", s.now, ends) }),
			"Shipped after 30 s. Most of it, 30 s, was until Payment published payment.taken. " +
				"Meanwhile a process of Payment/Worker ended (Runtime exited with error: signal: killed), and the work was repeated.",
		},
		{"processes ended", slow(func(s *saga) {
			s.logs.put("warehouse", s.now, ends)
			s.logs.put("payment", s.now, "2026 7 Task timed out after 3.00 seconds")
		}), "Shipped after 30 s. Most of it, 30 s, was until Payment published payment.taken. " +
			"Meanwhile 2 processes of Warehouse/Worker, Payment/Worker ended (Task timed out after 3.00 seconds), and the work was repeated."},
		{"it failed first", slow(func(s *saga) {
			s.line("payment", "failed", "warehouse.stock-reserved", s.idOf("warehouse.stock-reserved"), "call the provider: timeout")
		}), "Shipped after 30 s. Most of it, 30 s, was until Payment published payment.taken, after it had failed once on warehouse.stock-reserved: timeout (call the provider)."},
		{"another one published what was committed", func(s *saga) {
			buys(contract.OrderPlaced{})(s)
			for i, e := range s.logs.logged {
				if e.group == "warehouse" && strings.Contains(e.message, "points-awarded") {
					s.logs.logged[i].at = e.at.Add(time.Second)
					s.logs.put("warehouse", e.at.Add(time.Millisecond), ends)
				}
			}
		}, "Shipped after 40 ms. Meanwhile a process of Warehouse/Worker ended (Runtime exited with error: signal: killed), and the work was repeated."},
	})
}
