package simulation

import (
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	loyaltysandbox "example.com/saga/services/loyalty/sandbox"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
	"example.com/saga/services/warehouse"
	warehousesandbox "example.com/saga/services/warehouse/sandbox"
)

// newLanguage compiles the schemas, which takes its time.
func newLanguage(t *testing.T) *contract.Language {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return language
}

// sandboxed are the decisions of the four contexts, with their sandboxes.
func sandboxed(l *ledger) decisions {
	return decisions{
		order:     participant.Pure(order.Decide),
		warehouse: warehouse.Decider(warehousesandbox.Carrier{}),
		payment:   payment.Decider(paymentsandbox.Provider{Ledger: l}),
		loyalty:   loyalty.Decider(loyaltysandbox.Customers{}),
	}
}
