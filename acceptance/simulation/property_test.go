package simulation

import (
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
)

// A history uses little memory, and most of what the explorer allocates stays in use: so
// memory is collected less often than by default.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

// Orders compete for little stock and fail in every way, deliveries are repeated and in
// any order, calls fail or have no response, runs crash at every step, clocks differ, and
// events are redriven after days. Then the archive is replayed and the auditor runs.
//
// SEED=n begins with this seed and repeats a run exactly, SEEDS=n sets the number of
// seeds, ORDERS=n the number of orders of each; SOAK=1 continues until it is stopped.
func TestEveryOrderEndsAndNoInvariantIsViolatedUnderAnyFault(t *testing.T) {
	standard := uint64(150) // make sim runs more
	if detectsRaces {
		standard = 50
	}
	seed := setting(t, "SEED", uint64(time.Now().UnixNano()))
	seeds, orders := setting(t, "SEEDS", standard), setting(t, "ORDERS", 50)
	s := simulation{newLanguage(t), sandboxed, int(orders)}
	for soaking := true; soaking; seed += seeds {
		soaking = setting(t, "SOAK", 0) > 0
		s.checkInvariants(t, seed, seeds)
	}
}

func (s simulation) checkInvariants(t *testing.T, seed, seeds uint64) {
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
		t.Fatalf("SEED=%d SEEDS=1 ORDERS=%d violates an invariant. Shrunk:\n%s", failed.seed, s.orders, failed)
	}
	if seeds*uint64(s.orders) < 20_000 {
		t.Log("too few orders for everything to happen at least once")
		return
	}
	for _, what := range planned() {
		if tally[what] == 0 {
			t.Errorf("this never happened: %s", what)
		}
	}
}

func TestTheSameSeedRepeatsTheHistory(t *testing.T) {
	s := simulation{newLanguage(t), sandboxed, 10}
	first, _, err := s.play(t.Context(), seeded(42))
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := s.play(t.Context(), seeded(42))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.log, second.log); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.evidence(), second.evidence()); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

// planned returns what must have happened at least once: without it, the test covers
// less than its name promises.
func planned() []string {
	all := []string{
		writtenEarlier, moved, batched, overtakes, skewed, abandoned, publishedBySweeper, replayed, stale,
		erasures, eraseAgain, eventAfterErasure, commandAfterErasure,
		repeatedSKU, partlyShort, shipped, refused, tooLate, tooEarly, tombstoneInWarehouse, tombstoneInPayment, tombstoneInLoyalty,
	}
	for _, reason := range contract.Reasons() {
		all = append(all, "cancelled: "+string(reason))
	}
	for _, f := range faults() {
		all = append(all, string(f))
	}
	return all
}

func (f *failure) String() string { return numbered(f.log, f.violations) }

// numbered returns the lines of a history with their numbers, and its violations.
func numbered(history []string, violations []audit.Violation) string {
	var text strings.Builder
	for i, line := range history {
		fmt.Fprintf(&text, "%3d  %s\n", i+1, line)
	}
	for _, v := range violations {
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

// setting returns a number from the environment, or another one if it is not set.
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
