// Package ledgertest is the test suite for every sandbox.Ledger.
package ledgertest

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"example.com/saga/pkg/contract"
	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
)

// TestLedger checks that a ledger keeps the contract of sandbox.Ledger. Every test
// opens the ledger again and uses new references, so the ledger may have other entries.
func TestLedger(t *testing.T, open func(t *testing.T) sandbox.Ledger) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, sandbox.Ledger){
		"a charge is accepted and refunded in full":                   acceptedAndRefunded,
		"a second charge returns the first answer":                    chargedAgain,
		"a second refund returns the same amount":                     refundedAgain,
		"a refund before the charge is zero and bars the charge":      barred,
		"nothing is taken from a declined card, and nothing refunded": declined,
		"references are independent":                                  separate,
		"concurrent charges return one answer":                        chargedAtOnce,
		"after a concurrent charge and refund nothing is taken":       refundedAtOnce,
		"an entry is stored as it was opened":                         stored,
		"a barred reference keeps its entry and stays barred":         storedBarred,
		"an entry of amount zero is stored":                           storedFree,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func total() contract.Money { return contract.Money{Amount: 2599, Currency: "EUR"} }

func newCharge(method string) payment.Charge {
	return payment.Charge{Reference: uuid.NewString(), Amount: total(), Method: method}
}

func charge(t *testing.T, ledger sandbox.Ledger, charge payment.Charge) bool {
	t.Helper()
	accepted, err := sandbox.Provider{Ledger: ledger}.Charge(t.Context(), charge)
	if err != nil {
		t.Fatalf("charge: %v", err)
	}
	return accepted
}

func refund(t *testing.T, ledger sandbox.Ledger, reference string) contract.Money {
	t.Helper()
	amount, err := sandbox.Provider{Ledger: ledger}.Refund(t.Context(), reference)
	if err != nil {
		t.Fatalf("refund: %v", err)
	}
	return amount
}

func acceptedAndRefunded(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	c := newCharge("card")
	if !charge(t, ledger, c) {
		t.Error("the charge is declined")
	}
	if got := refund(t, ledger, c.Reference); got != total() {
		t.Errorf("%v is refunded, want %v", got, total())
	}
}

func chargedAgain(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	accepted := newCharge("card")
	charge(t, ledger, accepted)
	accepted.Method = sandbox.Declined
	accepted.Amount.Amount = 1
	if !charge(t, ledger, accepted) {
		t.Error("accepted first, and declined the second time")
	}
	if got := refund(t, ledger, accepted.Reference); got != total() {
		t.Errorf("%v is refunded, want the amount of the first charge", got)
	}
	declined := newCharge(sandbox.Declined)
	charge(t, ledger, declined)
	declined.Method = "card"
	if charge(t, ledger, declined) {
		t.Error("declined first, and accepted the second time")
	}
}

func refundedAgain(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	c := newCharge("card")
	charge(t, ledger, c)
	for n := range 3 {
		if got := refund(t, ledger, c.Reference); got != total() {
			t.Errorf("refund %d returns %v, want %v", n+1, got, total())
		}
	}
	if !charge(t, ledger, c) {
		t.Error("a charge after the refund does not return the first answer")
	}
	if got := refund(t, ledger, c.Reference); got != total() {
		t.Errorf("a refund after that returns %v, want the first amount", got)
	}
}

func barred(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	c := newCharge("card")
	for range 2 {
		if got := refund(t, ledger, c.Reference); got != (contract.Money{}) {
			t.Errorf("%v is refunded, want zero", got)
		}
		if charge(t, ledger, c) {
			t.Error("a barred reference is charged")
		}
	}
}

func declined(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	c := newCharge(sandbox.Declined)
	if charge(t, ledger, c) {
		t.Error("the card is accepted")
	}
	if got := refund(t, ledger, c.Reference); got != (contract.Money{}) {
		t.Errorf("%v is refunded, want zero", got)
	}
}

func separate(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	one, other := newCharge("card"), newCharge("card")
	charge(t, ledger, one)
	refund(t, ledger, one.Reference)
	if !charge(t, ledger, other) {
		t.Error("a bar of one reference has barred another")
	}
}

func chargedAtOnce(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	reference := uuid.NewString()
	provider := sandbox.Provider{Ledger: ledger}
	start := make(chan struct{})
	answers := make([]bool, 20)
	errs := make([]error, len(answers))
	var group sync.WaitGroup
	for i := range answers {
		method := "card"
		if i%2 == 0 {
			method = sandbox.Declined
		}
		group.Go(func() {
			<-start
			answers[i], errs[i] = provider.Charge(t.Context(), payment.Charge{Reference: reference, Amount: total(), Method: method})
		})
	}
	close(start)
	group.Wait()
	for i := range answers {
		if errs[i] != nil || answers[i] != answers[0] {
			t.Errorf("charge %d: %t, %v; charge 0: %t", i, answers[i], errs[i], answers[0])
		}
	}
}

func refundedAtOnce(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	provider := sandbox.Provider{Ledger: ledger}
	for range 20 {
		c := newCharge("card")
		var accepted bool
		var refunded contract.Money
		var chargeErr, refundErr error
		var group sync.WaitGroup
		group.Go(func() { accepted, chargeErr = provider.Charge(t.Context(), c) })
		group.Go(func() { refunded, refundErr = provider.Refund(t.Context(), c.Reference) })
		group.Wait()
		if chargeErr != nil || refundErr != nil {
			t.Fatal(chargeErr, refundErr)
		}
		if accepted != (refunded == total()) {
			t.Errorf("accepted: %t, but %v is refunded", accepted, refunded)
		}
	}
}

func stored(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	want := sandbox.Entry{Amount: total(), Accepted: true}
	reference := uuid.NewString()
	for _, entry := range []sandbox.Entry{want, {}} {
		got, err := ledger.Open(t.Context(), reference, entry)
		if err != nil || got != want {
			t.Errorf("opened with %+v, the ledger has %+v, %v", entry, got, err)
		}
	}
}

func storedBarred(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	reference := uuid.NewString()
	entry := sandbox.Entry{Amount: total(), Accepted: true}
	if _, err := ledger.Open(t.Context(), reference, entry); err != nil {
		t.Fatal(err)
	}
	entry.Barred = true
	if got, err := ledger.Bar(t.Context(), reference); err != nil || got != entry {
		t.Errorf("barred, the ledger has %+v, %v", got, err)
	}
	if got, err := ledger.Open(t.Context(), reference, sandbox.Entry{}); err != nil || got != entry {
		t.Errorf("opened again, the ledger has %+v, %v", got, err)
	}
}

func storedFree(t *testing.T, ledger sandbox.Ledger) {
	t.Helper()
	free := contract.Money{Currency: "EUR"}
	c := payment.Charge{Reference: uuid.NewString(), Amount: free, Method: "card"}
	if !charge(t, ledger, c) {
		t.Error("a charge of nothing is declined")
	}
	if got := refund(t, ledger, c.Reference); got != free {
		t.Errorf("%v is refunded, want nothing, in the currency of the charge", got)
	}
}
