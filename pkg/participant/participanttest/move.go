package participanttest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func (s counterSuite) move(t *testing.T) {
	store := s.newStore(t)
	from, to := unique("stock"), unique("stock")
	move := func(amount int64) error {
		return store.Move(t.Context(), []participant.Adjustment{
			add(to, map[string]int64{"on_hand": amount}), add(from, map[string]int64{"on_hand": -amount, "lent": amount}),
		})
	}
	commit(t, store, newRecord(), add(from, map[string]int64{"on_hand": 9}))
	if err := move(6); err != nil {
		t.Fatal(err)
	}
	refused, isRefused := errors.AsType[*participant.RefusedError](move(4))
	if !isRefused {
		t.Fatal("more is moved than there is")
	}
	want := &participant.RefusedError{Items: []string{from}, Counters: participant.Counters{from: {"on_hand": 3, "lent": 6}}}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("the refusal that is expected (-) and returned (+):\n%s", diff)
	}
	assertCounters(t, store, from, map[string]int64{"on_hand": 3, "lent": 6})
	assertCounters(t, store, to, map[string]int64{"on_hand": 6})
}

func (s counterSuite) moveLimits(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	many := make([]participant.Adjustment, participant.MaximumWrites+1)
	for n := range many {
		many[n] = add(unique("stock"), map[string]int64{"on_hand": 1})
	}
	for name, adjustments := range map[string][]participant.Adjustment{
		"none":        nil,
		"too many":    many,
		"one twice":   {add(item, map[string]int64{"on_hand": 1}), add(item, map[string]int64{"on_hand": 2})},
		"no counters": {add(item, nil)},
	} {
		if err := store.Move(t.Context(), adjustments); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	assertCounters(t, store, item, nil)
	if err := store.Move(t.Context(), many[1:]); err != nil {
		t.Errorf("%d items: %v", participant.MaximumWrites, err)
	}
}

func (s counterSuite) refusedCounters(t *testing.T) {
	store := s.newStore(t)
	few, none := unique("stock"), unique("stock")
	commit(t, store, newRecord(), add(few, map[string]int64{"on_hand": 1, "version": 7}))
	err := store.Commit(t.Context(), newRecord(), []participant.Adjustment{
		add(few, map[string]int64{"on_hand": -2}), add(none, map[string]int64{"on_hand": -1}), add(unique("stock"), map[string]int64{"on_hand": 1}),
	})
	refused, isRefused := errors.AsType[*participant.RefusedError](err)
	if !isRefused {
		t.Fatalf("the error is %v, not a refusal", err)
	}
	want := participant.Counters{few: {"on_hand": 1, "version": 7}, none: nil}
	if diff := cmp.Diff(want, refused.Counters, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the counters that are expected (-) and returned (+):\n%s", diff)
	}
}

func (s counterSuite) countersOf(t *testing.T) {
	store := s.newStore(t)
	items := make([]string, participant.MaximumWrites+1)
	want := make(participant.Counters)
	for n := range items {
		items[n] = unique("stock")
		want[items[n]] = nil
		if n%50 == 0 {
			want[items[n]] = map[string]int64{"on_hand": int64(n + 1)}
			commit(t, store, newRecord(), add(items[n], want[items[n]]))
		}
	}
	for range 2 {
		got, err := store.CountersOf(t.Context(), slices.Concat(items, items[:1])...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the counters that are expected (-) and read (+):\n%s", diff)
		}
	}
}
