package payment_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
)

// histories are events about one order in any order, duplicates included.
func histories() *rapid.Generator[[]event.Data] {
	return rapid.SliceOf(rapid.SampledFrom([]event.Data{reserved, rejected, revoked}))
}

func TestTheSameInputHasTheSameDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom(statuses()).Draw(t, "state")
		data := rapid.SampledFrom([]event.Data{reserved, rejected, revoked}).Draw(t, "event")
		answer := rapid.SampledFrom([]payment.Answer{accepts, declines, refunds}).Draw(t, "answer")
		first, err := payment.Decide(state, input(data), answer)
		again, errAgain := payment.Decide(state, input(data), answer)
		if diff := cmp.Diff(first, again); diff != "" || (err == nil) != (errAgain == nil) {
			t.Fatalf("the second decision differs: %s, %v, %v", diff, err, errAgain)
		}
	})
}

func TestATerminalStatusNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]payment.State{declined, refunded}).Draw(t, "terminal")
		answer := rapid.SampledFrom([]payment.Answer{accepts, declines, refunds}).Draw(t, "answer")
		for _, data := range histories().Draw(t, "history") {
			got, err := payment.Decide(state, input(data), answer)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(payment.Decision{State: state}, got); diff != "" {
				t.Fatalf("%s changes it (-before +after):\n%s", data.EventType(), diff)
			}
		}
	})
}

// A process may stop between the call of the provider and the commit. Then the answer is
// lost, and the next event is decided on the old state.
func TestTheEventsMatchTheLedgerAfterAnyHistoryWithCrashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ledger := sandbox.NewMemory()
		decide := payment.Decider(sandbox.Provider{Ledger: ledger})
		var state payment.State
		var published []event.Data
		for _, data := range histories().Draw(t, "history") {
			decision, err := decide(t.Context(), state, input(data))
			if errors.Is(err, event.ErrInvalid) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "crashes before the commit") {
				continue
			}
			state = decision.State
			published = append(published, decision.Events...)
		}
		var taken, refunded int64
		for _, data := range published {
			switch e := data.(type) {
			case contract.PaymentTaken:
				taken += e.Amount.Amount
			case contract.PaymentRefunded:
				refunded += e.Amount.Amount
			}
		}
		entry, err := ledger.Open(t.Context(), "o-1", sandbox.Entry{})
		if err != nil {
			t.Fatal(err)
		}
		switch state.Status {
		case payment.Taken:
			if taken != total.Amount || refunded != 0 || !entry.Accepted {
				t.Fatalf("taken: taken %d, refunded %d, the ledger has %+v", taken, refunded, entry)
			}
		case payment.Refunded:
			if !entry.Barred || (entry.Accepted && refunded != total.Amount) || (taken != 0 && taken != refunded) {
				t.Fatalf("refunded: taken %d, refunded %d, the ledger has %+v", taken, refunded, entry)
			}
		case payment.Declined:
			if taken != 0 || refunded != 0 || entry.Accepted {
				t.Fatalf("declined: taken %d, refunded %d, the ledger has %+v", taken, refunded, entry)
			}
		case payment.Unknown:
			if len(published) != 0 {
				t.Fatalf("nothing is recorded, but published are %v", published)
			}
		case payment.Erased:
			t.Fatal("an event has erased it")
		}
	})
}
