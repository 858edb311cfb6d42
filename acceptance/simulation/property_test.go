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

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
)

// Orders that compete for little stock, every way for them to fail, deliveries
// in any order and more than once, calls that fail or are not answered, runs that
// die at every step, clocks that differ, redrives after days: and then the
// archive is replayed, and the auditor comes.
//
// SEED=n begins with this seed and repeats a run exactly, SEEDS=n sets how many
// there are, ORDERS=n how many orders each has; SOAK=1 goes on for ever.
func TestWhateverIsDuplicatedReorderedAndLostEveryOrderEndsAndNothingIsViolated(t *testing.T) {
	standard := uint64(400) // make sim has more
	if detectsRaces {
		standard = 50
	}
	seed := setting(t, "SEED", uint64(time.Now().UnixNano()))
	seeds, orders := setting(t, "SEEDS", standard), setting(t, "ORDERS", 50)
	s := simulation{newLanguage(t), sandboxed, int(orders)}
	for soaking := true; soaking; seed += seeds {
		soaking = setting(t, "SOAK", 0) > 0
		s.mustBeSound(t, seed, seeds)
	}
}

func (s simulation) mustBeSound(t *testing.T, seed, seeds uint64) {
	t.Helper()
	t.Logf("SEED=%d SEEDS=%d ORDERS=%d repeats these histories", seed, seeds, s.orders)
	began := time.Now()
	tally, failed, err := s.search(t.Context(), seed, seeds)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began).Seconds()
	t.Logf("%.0f orders and %.0f events per second; what happened:\n%s",
		float64(tally[accepted])/took, float64(tally[announced])/took, table(tally))
	if failed != nil {
		t.Fatalf("SEED=%d SEEDS=1 ORDERS=%d is not as it should be. Shrunk:\n%s", failed.seed, s.orders, failed)
	}
	if seeds*uint64(s.orders) < 20_000 {
		t.Log("too few orders for everything to happen at least once")
		return
	}
	for _, what := range planned() {
		if tally[what] == 0 {
			t.Errorf("it never happened: %s", what)
		}
	}
}

func TestTheSameSeedIsTheSameHistory(t *testing.T) {
	s := simulation{newLanguage(t), sandboxed, 10}
	first, _, err := s.play(t.Context(), seeded(42))
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := s.play(t.Context(), seeded(42))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.story, second.story); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.evidence(), second.evidence()); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

// planned is what must have happened at least once, or else the test tests less
// than it says.
func planned() []string {
	all := []string{
		overtakes, skewed, abandoned, healed, replayed, stale,
		erasures, eraseAgain, afterErasure, gone,
		shipped, refused, tooLate, tooEarly, tombstoneInWarehouse, tombstoneInPayment, tombstoneInLoyalty,
	}
	for _, reason := range contract.Reasons() {
		all = append(all, "cancelled: "+string(reason))
	}
	for _, f := range faults() {
		all = append(all, string(f))
	}
	return all
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
