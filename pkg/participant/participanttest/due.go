package participanttest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/participant"
)

// DueStore is a participant.Store that lists what is due.
type DueStore interface {
	participant.Store
	// Due returns the subjects of the records that are due at a time, the longest
	// due first, and not more than limit. It may be eventually consistent.
	Due(ctx context.Context, by time.Time, limit int) ([]string, error)
}

// TestDue checks a store as TestStore does, for a context whose records can be due.
func TestDue(t *testing.T, newStore func(t *testing.T) DueStore) {
	t.Helper()
	s := dueSuite{newStore}
	t.Run("what is due is found, the longest due first", s.dueInOrder)
	t.Run("a record is due from its second on", s.dueFromItsSecond)
	t.Run("a record that is not due any more is not found", s.noLongerDue)
	t.Run("at most limit records are found, the longest due first", s.dueWithLimit)
}

// dueSuite has a method for each test.
type dueSuite struct {
	newStore func(t *testing.T) DueStore
}

// everything is a limit above the number of records in any test's store.
const everything = 100_000

// An index may lag behind its table, so it is polled.
const (
	pollInterval = 10 * time.Millisecond
	maximumPolls = 1000
)

// someSecond returns a random time at which, most likely, no record of another test
// is due.
func someSecond() time.Time {
	return time.Unix(1_000_000+rand.Int64N(1_000_000_000), 0).UTC()
}

// commitDue commits a new record that is due at a time, and returns its subject.
func commitDue(t *testing.T, store DueStore, at time.Time) string {
	t.Helper()
	record := newRecord()
	record.Due = at
	commit(t, store, record)
	return record.Subject
}

// assertDue checks which of the subjects are due at a time, and their order.
func assertDue(t *testing.T, store DueStore, by time.Time, subjects []string, want ...string) {
	t.Helper()
	var got []string
	for range maximumPolls {
		found, err := store.Due(t.Context(), by, everything)
		if err != nil {
			t.Fatal(err)
		}
		got = slices.DeleteFunc(found, func(subject string) bool { return !slices.Contains(subjects, subject) })
		if slices.Equal(got, want) {
			return
		}
		time.Sleep(pollInterval)
	}
	t.Fatalf("due are %v, expected are %v", got, want)
}

func (s dueSuite) dueInOrder(t *testing.T) {
	store := s.newStore(t)
	at := someSecond()
	third := commitDue(t, store, at.Add(3*time.Second))
	second := commitDue(t, store, at.Add(time.Second))
	first := commitDue(t, store, at)
	never := newRecord()
	commit(t, store, never)
	all := []string{first, second, third, never.Subject}
	assertDue(t, store, at.Add(time.Hour), all, first, second, third)
	assertDue(t, store, at.Add(2*time.Second), all, first, second)
}

func (s dueSuite) dueFromItsSecond(t *testing.T) {
	store := s.newStore(t)
	at := someSecond()
	subject := commitDue(t, store, at)
	assertDue(t, store, at, []string{subject}, subject)
	assertDue(t, store, at.Add(-time.Second), []string{subject})
	if diff := cmp.Diff(at, load(t, store, subject).Due); diff != "" {
		t.Errorf("when it is due, as committed (-) and loaded (+):\n%s", diff)
	}
}

func (s dueSuite) noLongerDue(t *testing.T) {
	store := s.newStore(t)
	at := someSecond()
	subject := commitDue(t, store, at)
	later := load(t, store, subject)
	later.Due = at.Add(time.Minute)
	commit(t, store, later)
	assertDue(t, store, at, []string{subject})
	assertDue(t, store, at.Add(time.Minute), []string{subject}, subject)

	ended := load(t, store, subject)
	ended.Due = time.Time{}
	commit(t, store, ended)
	assertDue(t, store, at.Add(time.Hour), []string{subject})
	if due := load(t, store, subject).Due; !due.IsZero() {
		t.Errorf("the record is loaded as due at %s", due)
	}
}

func (s dueSuite) dueWithLimit(t *testing.T) {
	store := s.newStore(t)
	at := someSecond()
	var subjects []string
	for n := range 4 {
		subjects = slices.Insert(subjects, 0, commitDue(t, store, at.Add(-time.Duration(n)*time.Second)))
	}
	assertDue(t, store, at.Add(time.Hour), subjects, subjects...)
	all, err := store.Due(t.Context(), at.Add(time.Hour), everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{0, 1, 3, len(all)} {
		some, err := store.Due(t.Context(), at.Add(time.Hour), limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[:limit], some); limit > 0 && diff != "" || len(some) != limit {
			t.Errorf("the %d longest due that are expected (-) and found (+):\n%s", limit, diff)
		}
	}
}
