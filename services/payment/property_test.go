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

func TestTheSameInputGivesTheSameDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom(statuses()).Draw(t, "state")
		data := rapid.SampledFrom([]event.Data{reserved, rejected, revoked}).Draw(t, "event")
		answer := rapid.SampledFrom([]payment.Answer{accepts, declines, gaveBack}).Draw(t, "answer")
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
		answer := rapid.SampledFrom([]payment.Answer{accepts, declines, gaveBack}).Draw(t, "answer")
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

// A run may die after it asked the provider and before it commits: then the
// answer is lost, and the next event meets the state of before.
func TestWhateverComesAndWhateverDiesTheEventsTellWhatTheProviderDid(t *testing.T) {
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
			if rapid.Bool().Draw(t, "dies before the commit") {
				continue
			}
			state = decision.State
			published = append(published, decision.Events...)
		}
		var took, gave int64
		for _, data := range published {
			switch e := data.(type) {
			case contract.PaymentTaken:
				took += e.Amount.Amount
			case contract.PaymentRefunded:
				gave += e.Amount.Amount
			}
		}
		entry, err := ledger.Open(t.Context(), "o-1", sandbox.Entry{})
		if err != nil {
			t.Fatal(err)
		}
		switch state.Status {
		case payment.Taken:
			if took != total.Amount || gave != 0 || !entry.Accepted {
				t.Fatalf("taken: took %d, gave back %d, the ledger has %+v", took, gave, entry)
			}
		case payment.Refunded:
			if !entry.Barred || (entry.Accepted && gave != total.Amount) || (took != 0 && took != gave) {
				t.Fatalf("refunded: took %d, gave back %d, the ledger has %+v", took, gave, entry)
			}
		case payment.Declined:
			if took != 0 || gave != 0 || entry.Accepted {
				t.Fatalf("declined: took %d, gave back %d, the ledger has %+v", took, gave, entry)
			}
		case payment.Unknown:
			if len(published) != 0 {
				t.Fatalf("nothing is known, but published are %v", published)
			}
		case payment.Erased:
			t.Fatal("an event has erased it")
		}
	})
}
