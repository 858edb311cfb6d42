package simulation

import (
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	loyaltysandbox "example.com/saga/services/loyalty/sandbox"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
	warehousesandbox "example.com/saga/services/warehouse/sandbox"
)

// newLanguage compiles the schemas, which is slow: a test does it once.
func newLanguage(t *testing.T) *language.Language {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return language
}

// decisions are the decisions of the contexts that have a sandbox, or that a test
// replaces by wrong ones.
type decisions struct {
	order     participant.Decide[order.State]
	warehouse participant.Decide[warehouse.State]
	payment   participant.Decide[payment.State]
	loyalty   participant.Decide[loyalty.State]
	// tamper, if set, breaks something else in the world.
	tamper func(*world)
}

// joinAll connects every context to the bus.
func (w *world) joinAll(d decisions) {
	w.orderContext = join(w, order.Context(), d.order)
	join(w, warehouse.Context(nil), d.warehouse)
	join(w, payment.Context(nil), d.payment)
	join(w, loyalty.Context(nil), d.loyalty)
}

// machines returns every context as a state machine.
func machines() []machine {
	return []machine{warehouseMachine(), paymentMachine(), loyaltyMachine(), orderMachine()}
}

// sandboxed returns the right decisions, with their sandboxes.
func sandboxed(l paymentsandbox.Ledger) decisions {
	return decisions{
		order:     participant.Pure(order.Decide),
		warehouse: warehouse.HotSKUs{"123": 1}.Decider(warehousesandbox.Carrier{}),
		payment:   payment.Decider(paymentsandbox.Provider{Ledger: l}),
		loyalty:   loyalty.Decider(loyaltysandbox.Customers{}),
	}
}
