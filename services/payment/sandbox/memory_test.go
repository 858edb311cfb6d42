package sandbox_test

import (
	"context"
	"errors"
	"testing"

	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/payment/sandbox/ledgertest"
)

func TestMemoryIsALedger(t *testing.T) {
	ledgertest.TestLedger(t, func(*testing.T) sandbox.Ledger { return sandbox.NewMemory() })
}

var errBroken = errors.New("the ledger is broken")

type brokenLedger struct{}

func (brokenLedger) Open(context.Context, string, sandbox.Entry) (sandbox.Entry, error) {
	return sandbox.Entry{}, errBroken
}

func (brokenLedger) Bar(context.Context, string) (sandbox.Entry, error) {
	return sandbox.Entry{}, errBroken
}

func TestAnErrorOfTheLedgerIsReturned(t *testing.T) {
	provider := sandbox.Provider{Ledger: brokenLedger{}}
	if accepted, err := provider.Charge(t.Context(), payment.Charge{Reference: "o-1"}); accepted || !errors.Is(err, errBroken) {
		t.Errorf("charge: %t, %v", accepted, err)
	}
	if amount, err := provider.Refund(t.Context(), "o-1"); amount.Amount != 0 || !errors.Is(err, errBroken) {
		t.Errorf("refund: %v, %v", amount, err)
	}
}
