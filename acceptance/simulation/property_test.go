package simulation

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
)

// Stock for some of the orders, every way for them to fail, cancellations at
// any time, deliveries in any order and more than once, and runs that die at
// every step: and then everything arrives, and the archive is replayed.
//
// SEED=n repeats a run exactly, HISTORIES=n sets how long it is.
func TestWhateverIsDuplicatedReorderedAndLostEveryOrderEndsAndNothingIsViolated(t *testing.T) {
	seed := setting(t, "SEED", uint64(time.Now().UnixNano()))
	standard := uint64(10_000)
	if detectsRaces {
		standard = 1000
	}
	histories := setting(t, "HISTORIES", standard)
	t.Logf("SEED=%d HISTORIES=%d repeats these histories", seed, histories)
	s := simulation{newLanguage(t), sandboxed, seed}
	tally, failed, err := s.search(t.Context(), histories)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("what happened:\n%s", table(tally))
	if failed != nil {
		t.Fatalf("history %d is not as it should be. Shrunk:\n%s", failed.number, failed)
	}
	if histories < 1000 {
		t.Log("too few histories for everything to happen at least once")
		return
	}
	for _, what := range planned() {
		if tally[what] == 0 {
			t.Errorf("it never happened: %s", what)
		}
	}
}

// planned is what must have happened at least once, or else the test tests less
// than it says.
func planned() []string {
	all := []string{
		shipped, refused, tooLate, tooEarly, tombstoneInWarehouse, tombstoneInPayment, tombstoneInLoyalty,
	}
	for _, reason := range []contract.Reason{
		contract.OutOfStock, contract.PaymentWasDeclined, contract.AwardWasRejected,
		contract.Undeliverable, contract.CancelledByCustomer, contract.TimedOut,
	} {
		all = append(all, "cancelled: "+string(reason))
	}
	for _, f := range troubles() {
		if f != plain {
			all = append(all, string(f))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (f *failure) String() string {
	var text strings.Builder
	for i, line := range f.story {
		fmt.Fprintf(&text, "%3d  %s\n", i+1, line)
	}
	for _, v := range f.violations {
		fmt.Fprintf(&text, "%s\n", v)
	}
	return text.String()
}

func table(tally map[string]int) string {
	var text strings.Builder
	for _, what := range slices.Sorted(maps.Keys(tally)) {
		fmt.Fprintf(&text, "%8d  %s\n", tally[what], what)
	}
	return text.String()
}

// setting is a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text, isSet := os.LookupEnv(name)
	if !isSet {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
