package causal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/saga/pkg/causal"
)

const window = 10 * time.Second

// at returns a time of the test, in seconds.
func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

// arrival makes an event that happens and arrives at a second.
func arrival(id, cause string, second int) causal.Event[string] {
	return causal.Event[string]{ID: id, Cause: cause, Time: at(second), Arrived: at(second), Value: id}
}

// shown returns the sorted events, with a "?" before each whose cause is missing.
func shown(events []causal.Event[string], now time.Time) string {
	text := ""
	for _, s := range causal.Sort(events, now, window) {
		if s.Gap {
			text += "?"
		}
		text += s.Value
	}
	return text
}

func TestSort(t *testing.T) {
	tests := []struct {
		rule   string
		events []causal.Event[string]
		now    int
		want   string
	}{
		{"no events are no entries", nil, 0, ""},
		{
			"a cause comes before its effect, although the effect's clock is behind",
			[]causal.Event[string]{arrival("b", "a", 1), arrival("a", "", 2)},
			2, "ab",
		},
		{
			"events without a causal order are sorted by time",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "a", 3), arrival("b", "a", 2)},
			3, "abc",
		},
		{
			"an event is held back while its cause may still arrive",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "b", 3)},
			12, "a",
		},
		{
			"its effects are held back with it",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "b", 3), arrival("d", "c", 3)},
			12, "a",
		},
		{
			"when the cause arrives, the events that were held back are shown",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "b", 3), arrival("b", "a", 12)},
			12, "abc",
		},
		{
			"after the window the event is shown with a gap, its effects without one",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "b", 3), arrival("d", "c", 3)},
			13, "a?cd",
		},
		{
			"a cause that arrives after the window closes the gap",
			[]causal.Event[string]{arrival("a", "", 1), arrival("c", "b", 3), arrival("b", "a", 60)},
			60, "abc",
		},
		{
			"an event that arrives twice is shown once",
			[]causal.Event[string]{arrival("a", "", 1), arrival("b", "a", 2), arrival("b", "a", 3)},
			3, "ab",
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if got := shown(test.events, at(test.now)); got != test.want {
				t.Errorf("shown %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheOrderDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		var events []causal.Event[string]
		for i := range 8 {
			cause := ""
			if i > 0 {
				cause = fmt.Sprint(random.IntN(i))
			}
			events = append(events, arrival(fmt.Sprint(i), cause, i+random.IntN(5)*10))
		}
		want := shown(events, at(1000))
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := shown(events, at(1000)); got != want && distinctTimes(events) {
			t.Fatalf("shown %q, and %q in another order of arrival", want, got)
		}
	}
}

func distinctTimes(events []causal.Event[string]) bool {
	var times []int64
	for _, e := range events {
		times = append(times, e.Time.Unix())
	}
	slices.Sort(times)
	return len(slices.Compact(times)) == len(events)
}
