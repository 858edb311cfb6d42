package participanttest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/participant"
)

func add(item string, counters map[string]int64) participant.Adjustment {
	return participant.Adjustment{Item: item, Add: counters}
}

func (s suite) unknownItem(t *testing.T) {
	store := s.newStore(t)
	assertCounters(t, store, unique("stock"), nil)
}

func (s suite) adjust(t *testing.T) {
	store := s.newStore(t)
	item, other := unique("stock"), unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"received": 9, "on_hand": 9}), add(other, map[string]int64{"on_hand": 1}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": -4, "reserved": 4}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 1, "reserved": -1}))
	assertCounters(t, store, item, map[string]int64{"received": 9, "on_hand": 6, "reserved": 3})
	assertCounters(t, store, other, map[string]int64{"on_hand": 1})
}

// reservedNames uses words that may be reserved in the query language of a store.
func (s suite) reservedNames(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	counters := map[string]int64{"size": 1, "count": 2, "add": 3, "and": 4, "on-hand": 5, "a.b": 6}
	commit(t, store, newRecord(), add(item, counters))
	commit(t, store, newRecord(), add(item, map[string]int64{"size": -1, "and": -1, "a.b": -1}))
	assertCounters(t, store, item, map[string]int64{"size": 0, "count": 2, "add": 3, "and": 3, "on-hand": 5, "a.b": 5})
}

func (s suite) takeAll(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 2}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": -2}))
	assertRefused(t, store, newRecord(), []string{item}, add(item, map[string]int64{"on_hand": -1}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 0})
}

func (s suite) refusal(t *testing.T) {
	store := s.newStore(t)
	plenty, few, none := unique("stock"), unique("stock"), unique("stock")
	commit(t, store, newRecord(), add(plenty, map[string]int64{"on_hand": 9}), add(few, map[string]int64{"on_hand": 1, "reserved": 9}))
	assertRefused(
		t, store, newRecord(), []string{none, few},
		add(none, map[string]int64{"on_hand": -1, "reserved": 1}),
		add(plenty, map[string]int64{"on_hand": -1}),
		add(few, map[string]int64{"on_hand": -2, "reserved": -1}),
	)
}

func (s suite) refusalChangesNothing(t *testing.T) {
	store := s.newStore(t)
	plenty, few := unique("stock"), unique("stock")
	commit(t, store, newRecord(), add(plenty, map[string]int64{"on_hand": 9}), add(few, map[string]int64{"on_hand": 1}))
	record := newRecord()
	assertRefused(
		t, store, record, []string{few},
		add(plenty, map[string]int64{"on_hand": -1, "reserved": 1}),
		add(few, map[string]int64{"on_hand": -2, "reserved": 2}),
	)
	assertCounters(t, store, plenty, map[string]int64{"on_hand": 9})
	assertCounters(t, store, few, map[string]int64{"on_hand": 1})
	assertRecord(t, store, participant.Record{Subject: record.Subject})
}

func (s suite) conflictChangesNothing(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	record := newRecord()
	commit(t, store, record, add(item, map[string]int64{"on_hand": 2}))
	assertConflict(t, store, record, add(item, map[string]int64{"on_hand": -1}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 2})
}

// conflictBeforeRefusal: the adjustments of a decision on an old state do not matter.
func (s suite) conflictBeforeRefusal(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	assertConflict(t, store, record, add(unique("stock"), map[string]int64{"on_hand": -1}))
}

func (s suite) itemTwice(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 3}))
	record := newRecord()
	err := store.Commit(t.Context(), record, []participant.Adjustment{
		add(item, map[string]int64{"on_hand": -2}), add(item, map[string]int64{"on_hand": -2}),
	})
	_, refused := errors.AsType[*participant.RefusedError](err)
	if err == nil || refused || errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error is %v, want one after which the participant does not try again", err)
	}
	assertCounters(t, store, item, map[string]int64{"on_hand": 3})
	assertRecord(t, store, participant.Record{Subject: record.Subject})
}

func assertRefused(t *testing.T, store Store, record participant.Record, want []string, adjustments ...participant.Adjustment) {
	t.Helper()
	err := store.Commit(t.Context(), record, adjustments)
	refused, ok := errors.AsType[*participant.RefusedError](err)
	if !ok || errors.Is(err, participant.ErrConflict) {
		t.Fatalf("the error is %v, not a refusal", err)
	}
	if diff := cmp.Diff(want, refused.Items); diff != "" {
		t.Errorf("the refused items that are expected (-) and named (+):\n%s", diff)
	}
}
