package simulation

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
	"example.com/saga/services/order"
)

// path is one order whose deliveries a test chooses, with 10 pieces in stock.
type path struct {
	*world

	t     *testing.T
	order contract.OrderPlaced
}

func newPath(t *testing.T, language *language.Language) *path {
	t.Helper()
	l := newLedger()
	p := &path{world: newWorld(language, sandboxed(l), l), t: t, order: contract.OrderPlaced{
		OrderID:         "o-1",
		CustomerID:      "c-42",
		Items:           []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
		ShippingAddress: "23 Fake Street",
		PaymentMethod:   "card",
	}}
	if err := p.receive(t.Context(), "123", 10); err != nil {
		t.Fatal(err)
	}
	p.runPending()
	return p
}

// runMatching runs the pending tasks that match, and those that match among the tasks
// that follow from them.
func (p *path) runMatching(matches func(*task) bool) {
	for {
		i := slices.IndexFunc(p.pending, matches)
		if i < 0 {
			return
		}
		p.step(p.t.Context(), i, noFault)
	}
}

// runPending runs all pending tasks, and all that follow from them.
func (p *path) runPending() { p.runMatching(func(*task) bool { return true }) }

// runAllExcept runs all tasks except those of the named context.
func runAllExcept(name string) func(*path) {
	return func(p *path) { p.runMatching(func(t *task) bool { return t.component != name }) }
}

// runOnly runs the tasks with one type of event, but nothing that follows from them.
func runOnly(data event.Data) func(*path) {
	return func(p *path) { p.runMatching(func(t *task) bool { return t.event.Type == data.EventType() }) }
}

// cancelling lets the order context handle a cancellation by the customer.
func cancelling(p *path) {
	p.cancel("o-1", contract.CancelledByCustomer)
	runOnly(order.Cancel{})(p)
}

// checkInvariants checks every invariant.
func (p *path) checkInvariants() {
	p.t.Helper()
	violations, err := audit.Audit(newLanguage(p.t), p.evidence())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, v := range violations {
		p.t.Error(v)
	}
	if len(p.stuck) > 0 {
		p.t.Errorf("stuck: %v", p.stuck)
	}
}

// types returns the types of the order's events, as they were published.
func (p *path) types() []string {
	var types []string
	for _, e := range p.published {
		if e.Subject == p.order.OrderID {
			types = append(types, e.Type)
		}
	}
	return types
}

func (p *path) load() order.State {
	p.t.Helper()
	state, _, err := p.orderContext.Load(p.t.Context(), p.order.OrderID)
	if err != nil {
		p.t.Fatal(err)
	}
	return state
}

func TestAnOrderIsShippedByFiveEventsInAChainOfCauses(t *testing.T) {
	p := newPath(t, newLanguage(t))
	p.place(p.order)
	p.runPending()
	p.checkInvariants()
	if diff := cmp.Diff([]string{
		"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.order-shipped",
	}, p.types()); diff != "" {
		t.Fatalf("published (-want +got):\n%s", diff)
	}
	cause := ""
	for _, e := range p.published[1:] {
		if e.CausationID != cause || e.CorrelationID != "saga of o-1" {
			t.Errorf("%s is caused by %q in %q, want %q", e.Type, e.CausationID, e.CorrelationID, cause)
		}
		cause = e.ID
	}
	if state := p.load(); state.Status() != order.StatusShipped || state.Reason != "" {
		t.Errorf("the order is %s for the reason %q", state.Status(), state.Reason)
	}
}

// scenario is an order, the steps of its run, and how it must end.
type scenario struct {
	change func(*contract.OrderPlaced)
	// steps run first, and then everything that is pending.
	steps  []func(*path)
	status order.Status
	reason contract.Reason
	// events are the types of the order's events, as they are published.
	events []string
}

func (s scenario) run(t *testing.T, language *language.Language) {
	t.Helper()
	p := newPath(t, language)
	if s.change != nil {
		s.change(&p.order)
	}
	p.place(p.order)
	runOnly(order.Place{})(p)
	for _, step := range s.steps {
		step(p)
	}
	p.runPending()
	p.checkInvariants()
	if diff := cmp.Diff(s.events, p.types()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if state := p.load(); state.Status() != s.status || state.Reason != s.reason {
		t.Errorf("the order is %s for the reason %q, want %s, %q", state.Status(), state.Reason, s.status, s.reason)
	}
	if cancelling(p); p.tally[tooLate] != 1 && s.steps == nil {
		t.Error("a cancellation after the end is not rejected as too late")
	}
}

func TestEachUnhappyPathEndsWithItsStatusReasonAndEvents(t *testing.T) {
	language := newLanguage(t)
	for name, test := range map[string]scenario{
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
		"cancelled before the warehouse has the order": {
			steps:  []func(*path){cancelling, runOnly(contract.CancellationRequested{})},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "order.cancellation-requested", "warehouse.shipment-failed",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled while the stock is reserved": {
			steps:  []func(*path){runOnly(contract.OrderPlaced{}), cancelling, runOnly(contract.CancellationRequested{})},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "order.cancellation-requested", "warehouse.shipment-failed", "payment.taken",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled when everything is taken and awarded": {
			steps: []func(*path){
				runOnly(contract.OrderPlaced{}), runOnly(contract.StockReserved{}), runOnly(contract.PaymentTaken{}),
				cancelling, runOnly(contract.CancellationRequested{}),
			},
			status: order.StatusCancelled, reason: contract.CancelledByCustomer,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded",
				"order.cancellation-requested", "warehouse.shipment-failed",
				"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released", "order.cancelled",
			},
		},
		"cancelled too late": {
			steps:  []func(*path){runAllExcept(contract.SourceOrder), cancelling},
			status: order.StatusShipped,
			events: []string{
				"order.placed", "warehouse.stock-reserved", "payment.taken", "loyalty.points-awarded", "warehouse.order-shipped",
				"order.cancellation-requested", "warehouse.cancellation-refused",
			},
		},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, language) })
	}
}
