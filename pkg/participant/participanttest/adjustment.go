package participanttest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/pkg/participant"
)

// CounterStore is a participant.Store whose commits adjust other items.
type CounterStore interface {
	participant.Store
	participant.Mover
	// Counters returns the counters of an adjusted item: none if it was never
	// adjusted.
	Counters(ctx context.Context, item string) (map[string]int64, error)
}

// TestCounters checks a store as TestStore does, for a context whose decisions have
// adjustments.
func TestCounters(t *testing.T, newStore func(t *testing.T) CounterStore) {
	t.Helper()
	s := counterSuite{newStore}
	t.Run("an unknown item has no counters", s.unknownItem)
	t.Run("adjustments add to counters and take from them", s.adjust)
	t.Run("adjustments are made with a later commit of a record", s.adjustLater)
	t.Run("a counter may have any name", s.reservedNames)
	t.Run("an item may be named after a subject", s.itemOfASubject)
	t.Run("an adjustment has limits", s.adjustmentLimits)

	t.Run("a counter may be taken to zero and not below", s.takeAll)
	t.Run("a refusal has every item of which there is not enough", s.refusal)
	t.Run("after a refusal nothing has changed", s.refusalChangesNothing)
	t.Run("after a conflict nothing has changed", s.conflictChangesNothing)
	t.Run("adjustments do not make a version earlier or later than there is valid", s.wrongVersion)
	t.Run("a commit with a conflict and a refusal is a conflict", s.conflictBeforeRefusal)
	t.Run("a first commit with adjustments over an existing record returns it", s.standing)
	t.Run("an item cannot be adjusted twice in one commit", s.itemTwice)
	t.Run("a move adjusts all items or none", s.move)
	t.Run("a move has limits", s.moveLimits)
	t.Run("a refusal has the counters of its items", s.refusedCounters)
	t.Run("the counters of many items are read together", s.countersOf)
	t.Run("concurrent commits never take more than there is", s.concurrentTakers)
	t.Run("concurrent commits that take one piece each never take more than there is", s.concurrentTakersOfOne)
}

// counterSuite has a method for each test.
type counterSuite struct {
	newStore func(t *testing.T) CounterStore
}

func add(item string, counters map[string]int64) participant.Adjustment {
	return participant.Adjustment{Item: item, Add: counters}
}

func (s counterSuite) unknownItem(t *testing.T) {
	store := s.newStore(t)
	assertCounters(t, store, unique("stock"), nil)
}

func (s counterSuite) adjust(t *testing.T) {
	store := s.newStore(t)
	item, other := unique("stock"), unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"received": 9, "on_hand": 9}), add(other, map[string]int64{"on_hand": 1}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": -4, "reserved": 4}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 1, "reserved": -1}))
	assertCounters(t, store, item, map[string]int64{"received": 9, "on_hand": 6, "reserved": 3})
	assertCounters(t, store, other, map[string]int64{"on_hand": 1})
}

func (s counterSuite) adjustLater(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	record := newRecord()
	commit(t, store, record, add(item, map[string]int64{"on_hand": 9}))
	record.Version = 1
	record.State = json.RawMessage(`{"status":"shipped"}`)
	commit(t, store, record, add(item, map[string]int64{"on_hand": -2}))
	record.Version = 2
	assertRecord(t, store, record)
	assertCounters(t, store, item, map[string]int64{"on_hand": 7})
}

// reservedNames uses words that may be reserved in the query language of a store, and
// names that the attributes of a record may have.
func (s counterSuite) reservedNames(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	names := []string{
		"size", "count", "add", "and", "on-hand", "a.b", "#due", "##due", strings.Repeat("x", participant.MaximumCounter),
		"pk", "sk", "version", "record", "expires_at", "open", "due", "account", "amount", "until", "state", "handled", "erased", "owner",
		"subject", "key", "id", "ttl",
	}
	first, second, want := make(map[string]int64), make(map[string]int64), make(map[string]int64)
	for n, name := range names {
		first[name], second[name], want[name] = int64(n+1), -1, int64(n)
	}
	commit(t, store, newRecord(), add(item, first))
	commit(t, store, newRecord(), add(item, second))
	assertCounters(t, store, item, want)
}

// itemOfASubject adjusts an item before a record of that name is committed, and after it.
func (s counterSuite) itemOfASubject(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	item := record.Subject
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 3}))
	assertRecord(t, store, participant.Record{Subject: record.Subject})
	commit(t, store, record, add(item, map[string]int64{"on_hand": -1}))
	record.Version = 1
	commit(t, store, record)
	record.Version = 2
	assertRecord(t, store, record)
	assertCounters(t, store, item, map[string]int64{"on_hand": 2})
	for _, marked := range []string{"#" + item, "##" + item, item + "#1"} {
		assertCounters(t, store, marked, nil)
		commit(t, store, newRecord(), add(marked, map[string]int64{"on_hand": 1}))
		assertCounters(t, store, marked, map[string]int64{"on_hand": 1})
	}
	assertRecord(t, store, record)
	assertCounters(t, store, item, map[string]int64{"on_hand": 2})
}

func (s counterSuite) adjustmentLimits(t *testing.T) {
	items := func(n int) []participant.Adjustment {
		var all []participant.Adjustment
		for range n {
			all = append(all, add(unique("stock"), map[string]int64{"n": 1}))
		}
		return all
	}
	counters := func(n int) []participant.Adjustment {
		names := make(map[string]int64)
		for i := range n {
			names[strconv.Itoa(i)] = 1
		}
		return []participant.Adjustment{add(unique("stock"), names)}
	}
	one := func(item, counter string, amount int64) []participant.Adjustment {
		return []participant.Adjustment{add(item, map[string]int64{counter: amount})}
	}
	long := func(n int) string { return unique("stock") + strings.Repeat("x", n-len(unique("stock"))) }
	for name, limit := range map[string]struct{ at, beyond []participant.Adjustment }{
		"items":            {items(participant.MaximumWrites - 1), items(participant.MaximumWrites)},
		"counters":         {counters(participant.MaximumCounters), counters(participant.MaximumCounters + 1)},
		"no counters":      {counters(1), counters(0)},
		"name of an item":  {one(long(participant.MaximumKey), "n", 1), one(long(participant.MaximumKey+1), "n", 1)},
		"no item":          {one(unique("s"), "n", 1), one("", "n", 1)},
		"text of an item":  {one(unique("é"), "n", 1), one(unique("\xff"), "n", 1)},
		"name of counters": {one(unique("s"), long(participant.MaximumCounter), 1), one(unique("s"), long(participant.MaximumCounter+1), 1)},
		"no counter":       {one(unique("s"), "n", 1), one(unique("s"), "", 1)},
		"amount":           {one(unique("s"), "n", participant.MaximumAmount), one(unique("s"), "n", participant.MaximumAmount+1)},
		"counters or a write": {one(unique("s"), "n", 1), []participant.Adjustment{
			{Item: unique("s"), Add: map[string]int64{"n": 1}, Write: struct{}{}},
		}},
		"amount to take": {one(unique("s"), "n", 0), one(unique("s"), "n", math.MinInt64)},
	} {
		t.Run(name, func(t *testing.T) {
			store := s.newStore(t)
			record := newRecord()
			assertInvalid(t, store, record, limit.beyond...)
			commit(t, store, record, limit.at...)
			for _, adjustment := range limit.at {
				assertCounters(t, store, adjustment.Item, adjustment.Add)
			}
		})
	}
}

func (s counterSuite) takeAll(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 2}))
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": -2}))
	assertRefused(t, store, newRecord(), []string{item}, add(item, map[string]int64{"on_hand": -1}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 0})

	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 2}))
	assertRefused(t, store, newRecord(), []string{item}, add(item, map[string]int64{"on_hand": -3}))
	for range 2 {
		commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": -1}))
	}
	assertRefused(t, store, newRecord(), []string{item}, add(item, map[string]int64{"on_hand": -1}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 0})

	for _, amount := range []int64{participant.MaximumAmount, -participant.MaximumAmount} {
		commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": amount}))
	}
	assertCounters(t, store, item, map[string]int64{"on_hand": 0})
}

func (s counterSuite) refusal(t *testing.T) {
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

func (s counterSuite) refusalChangesNothing(t *testing.T) {
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

func (s counterSuite) conflictChangesNothing(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	record := newRecord()
	commit(t, store, record, add(item, map[string]int64{"on_hand": 2}))
	assertConflict(t, store, record, add(item, map[string]int64{"on_hand": -1}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 2})
}

// wrongVersion: a store that ignores the version of a commit with adjustments replaces
// what another commit has recorded, and adjusts twice.
func (s counterSuite) wrongVersion(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	record := newRecord()
	commit(t, store, record, add(item, map[string]int64{"on_hand": 9}))
	stale := load(t, store, record.Subject)
	record.Version = 1
	commit(t, store, record, add(item, map[string]int64{"on_hand": -2}))
	record.Version = 2

	stale.State = json.RawMessage(`{"status":"lost"}`)
	assertConflict(t, store, stale, add(item, map[string]int64{"on_hand": -2}))
	stale.Version = 3
	assertConflict(t, store, stale, add(item, map[string]int64{"on_hand": -2}))
	unknown := newRecord()
	unknown.Version = 1
	assertConflict(t, store, unknown, add(item, map[string]int64{"on_hand": -2}))
	assertRecord(t, store, record)
	assertRecord(t, store, participant.Record{Subject: unknown.Subject})
	assertCounters(t, store, item, map[string]int64{"on_hand": 7})
}

func (s counterSuite) standing(t *testing.T) {
	assertStanding(t, s.newStore(t), add(unique("stock"), map[string]int64{"on_hand": 1}))
}

// conflictBeforeRefusal: the adjustments of a decision on an old state do not matter.
func (s counterSuite) conflictBeforeRefusal(t *testing.T) {
	store := s.newStore(t)
	record := newRecord()
	commit(t, store, record)
	assertConflict(t, store, record, add(unique("stock"), map[string]int64{"on_hand": -1}))
}

func (s counterSuite) itemTwice(t *testing.T) {
	store := s.newStore(t)
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": 3}))
	record := newRecord()
	assertInvalid(t, store, record, add(item, map[string]int64{"on_hand": -2}), add(item, map[string]int64{"on_hand": -2}))
	assertCounters(t, store, item, map[string]int64{"on_hand": 3})
	assertRecord(t, store, participant.Record{Subject: record.Subject})
}

func (s counterSuite) concurrentTakers(t *testing.T) {
	s.takeConcurrently(t, 23, map[string]int64{"on_hand": -3, "reserved": 3})
}

func (s counterSuite) concurrentTakersOfOne(t *testing.T) {
	s.takeConcurrently(t, 10, map[string]int64{"on_hand": -1})
}

// takeConcurrently takes pieces in every racer until a commit is refused. Concurrent
// transactions on one item may conflict; after a conflict it tries again.
func (s counterSuite) takeConcurrently(t *testing.T, pieces int64, take map[string]int64) {
	t.Helper()
	store := s.newStore(t)
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": pieces}))
	var taken atomic.Int64
	race(func(n int) {
		for {
			err := store.Commit(t.Context(), newRecord(), []participant.Adjustment{add(item, take)})
			_, refused := errors.AsType[*participant.RefusedError](err)
			switch {
			case refused:
				return
			case err == nil:
				if taken.Add(-take["on_hand"]) > pieces {
					return
				}
			case !errors.Is(err, participant.ErrConflict):
				t.Errorf("racer %d: %v", n, err)
				return
			}
		}
	})
	if want := pieces - pieces%-take["on_hand"]; taken.Load() != want {
		t.Errorf("%d of %d pieces were taken, %d could be", taken.Load(), pieces, want)
	}
	want := map[string]int64{"on_hand": pieces - taken.Load()}
	if take["reserved"] > 0 {
		want["reserved"] = taken.Load()
	}
	assertCounters(t, store, item, want)
}

func assertRefused(t *testing.T, store participant.Store, record participant.Record, want []string, adjustments ...participant.Adjustment) {
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

func assertCounters(t *testing.T, store CounterStore, item string, want map[string]int64) {
	t.Helper()
	got, err := store.Counters(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the counters of %s that are expected (-) and found (+):\n%s", item, diff)
	}
}
