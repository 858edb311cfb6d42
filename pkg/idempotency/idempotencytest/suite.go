// Package idempotencytest is the test suite for every idempotency.Store, in memory or on
// DynamoDB.
package idempotencytest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/saga/pkg/idempotency"
)

// Fixture is a store with writes of other items.
type Fixture[W any] struct {
	Store idempotency.Store[W]
	// Add returns a write that adds 1 to a counter.
	Add func(counter string) W
	// Refused returns a write that is refused.
	Refused func() W
	// Count returns a counter: 0 if it was never written.
	Count func(t *testing.T, counter string) int
}

// TestStore checks that a store keeps the contract of idempotency.Store. The stores of the tests
// may share a table, even one with other content, because all keys are unique.
func TestStore[W any](t *testing.T, newFixture func(t *testing.T) Fixture[W]) {
	t.Helper()
	s := suite[W]{newFixture}
	t.Run("a key that is free is begun", s.begin)
	t.Run("a run in progress stands in the way until its lease ends", s.lease)
	t.Run("a lease that is over is not taken over with other content", s.otherContent)
	t.Run("an answer is returned until it expires", s.answer)
	t.Run("an answer is a copy", s.copy)
	t.Run("the largest answer is stored with the longest key", s.largeAnswer)
	t.Run("one of many concurrent runs begins", s.race)
	t.Run("a begin is repeated by its run", s.repeatedBegin)
	t.Run("an answer and the writes are stored together", s.writes)
	t.Run("a completion is repeated without its writes", s.repeatedCompletion)
	t.Run("a write that is refused leaves the run in progress", s.refusedWrite)
	t.Run("a run that was taken over stores and writes nothing", s.fence)
	t.Run("a released key is free", s.release)
	t.Run("an answer and the record of another run are not released", s.noRelease)
}

// suite has a method for each test.
type suite[W any] struct {
	newFixture func(t *testing.T) Fixture[W]
}

// now is the time of the tests. A table may have a time to live, which is that of the real
// time.
func now() time.Time { return time.Date(2126, 3, 4, 5, 6, 7, 0, time.UTC) }

// newRecord returns the record of a run of a new key.
func newRecord() idempotency.Record {
	return idempotency.Record{
		Key: "book#" + uuid.NewString(), Content: "content-1", Run: uuid.NewString(), Until: now().Add(time.Minute), ExpiresAt: now().Add(time.Hour),
	}
}

// another returns the record of another run of the same key and content.
func another(record idempotency.Record) idempotency.Record {
	record.Run, record.Answer = uuid.NewString(), nil
	return record
}

// begin begins a run at a time, and returns the record that stands in the way.
func begin[W any](t *testing.T, f Fixture[W], record idempotency.Record, at time.Time) *idempotency.Record {
	t.Helper()
	standing, err := f.Store.Begin(t.Context(), record, at)
	if err != nil {
		t.Fatal(err)
	}
	return standing
}

// must begins a run that nothing stands in the way of.
func must[W any](t *testing.T, f Fixture[W], record idempotency.Record, at time.Time) {
	t.Helper()
	if standing := begin(t, f, record, at); standing != nil {
		t.Fatalf("in the way stands %+v", standing)
	}
}

// stands checks that a record stands in the way at a time.
func stands[W any](t *testing.T, f Fixture[W], record, want idempotency.Record, at time.Time) {
	t.Helper()
	if diff := cmp.Diff(&want, begin(t, f, record, at)); diff != "" {
		t.Errorf("what is expected to stand (-) and stands (+):\n%s", diff)
	}
}

func complete[W any](t *testing.T, f Fixture[W], record idempotency.Record, writes ...W) {
	t.Helper()
	if err := f.Store.Complete(t.Context(), record, writes); err != nil {
		t.Fatal(err)
	}
}

func counts[W any](t *testing.T, f Fixture[W], counter string, want int) {
	t.Helper()
	if got := f.Count(t, counter); got != want {
		t.Errorf("the counter is %d, want %d", got, want)
	}
}

func (s suite[W]) begin(t *testing.T) {
	f := s.newFixture(t)
	must(t, f, newRecord(), now())
	must(t, f, newRecord(), now())
}

func (s suite[W]) lease(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	stands(t, f, another(first), first, now().Add(time.Minute-time.Millisecond))
	second := another(first)
	second.Until = now().Add(2 * time.Minute)
	must(t, f, second, now().Add(time.Minute))
	stands(t, f, another(first), second, now().Add(time.Minute))
}

func (s suite[W]) otherContent(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	other := another(first)
	other.Content = "content-2"
	stands(t, f, other, first, now().Add(time.Minute))
	must(t, f, other, now().Add(time.Hour))
}

func (s suite[W]) answer(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	first.Answer = []byte(`{"room": 7}`)
	complete(t, f, first)
	stands(t, f, another(first), first, now())
	stands(t, f, another(first), first, now().Add(time.Hour-time.Second))
	must(t, f, another(first), now().Add(time.Hour))
}

// copy changes the answer that was committed, and one that was returned.
func (s suite[W]) copy(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	given := first
	first.Answer, given.Answer = []byte("1"), []byte("1")
	complete(t, f, given)
	given.Answer[0] = '!'
	begin(t, f, another(first), now()).Answer[0] = '!'
	stands(t, f, another(first), first, now())
}

func (s suite[W]) largeAnswer(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	first.Key += strings.Repeat("k", idempotency.MaximumKey-len(first.Key))
	must(t, f, first, now())
	first.Answer = []byte(strings.Repeat("a", idempotency.MaximumAnswer))
	complete(t, f, first)
	stands(t, f, another(first), first, now())
}

func (s suite[W]) race(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	var begun atomic.Int64
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 20 {
		group.Go(func() {
			<-start
			standing, err := f.Store.Begin(t.Context(), another(first), now())
			if err == nil && standing == nil {
				begun.Add(1)
			}
			if err != nil && !errors.Is(err, idempotency.ErrConflict) {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
	if begun.Load() != 1 {
		t.Errorf("%d runs have begun", begun.Load())
	}
}

func (s suite[W]) repeatedBegin(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	must(t, f, first, now())
}

func (s suite[W]) writes(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	one, other := uuid.NewString(), uuid.NewString()
	must(t, f, first, now())
	counts(t, f, one, 0)
	first.Answer = []byte("1")
	complete(t, f, first, f.Add(one), f.Add(other))
	counts(t, f, one, 1)
	counts(t, f, other, 1)
	stands(t, f, another(first), first, now())
}

func (s suite[W]) repeatedCompletion(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	counter := uuid.NewString()
	must(t, f, first, now())
	first.Answer = []byte("1")
	complete(t, f, first, f.Add(counter))
	complete(t, f, first, f.Add(counter))
	complete(t, f, first)
	counts(t, f, counter, 1)
}

func (s suite[W]) refusedWrite(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	counter := uuid.NewString()
	must(t, f, first, now())
	done := first
	done.Answer = []byte("1")
	err := f.Store.Complete(t.Context(), done, []W{f.Add(counter), f.Refused()})
	if err == nil || errors.Is(err, idempotency.ErrTakenOver) || errors.Is(err, idempotency.ErrConflict) {
		t.Errorf("the error is %v", err)
	}
	counts(t, f, counter, 0)
	stands(t, f, another(first), first, now())
	complete(t, f, done)
}

func (s suite[W]) fence(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	counter := uuid.NewString()
	must(t, f, first, now())
	second := another(first)
	must(t, f, second, now().Add(time.Minute))
	first.Answer = []byte("1")
	for name, writes := range map[string][]W{"without writes": nil, "with one": {f.Add(counter)}, "with one that is refused": {f.Refused()}} {
		if err := f.Store.Complete(t.Context(), first, writes); !errors.Is(err, idempotency.ErrTakenOver) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	counts(t, f, counter, 0)
	second.Answer = []byte("2")
	complete(t, f, second, f.Add(counter))
	if err := f.Store.Complete(t.Context(), first, nil); !errors.Is(err, idempotency.ErrTakenOver) {
		t.Errorf("the error is %v", err)
	}
	counts(t, f, counter, 1)
	stands(t, f, another(first), second, now())
}

func (s suite[W]) release(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	release(t, f, first)
	release(t, f, first)
	first.Answer = []byte("1")
	if err := f.Store.Complete(t.Context(), first, nil); !errors.Is(err, idempotency.ErrTakenOver) {
		t.Errorf("the error is %v", err)
	}
	must(t, f, another(first), now())
}

func (s suite[W]) noRelease(t *testing.T) {
	f := s.newFixture(t)
	first := newRecord()
	must(t, f, first, now())
	second := another(first)
	must(t, f, second, now().Add(time.Minute))
	release(t, f, first)
	stands(t, f, another(first), second, now())
	second.Answer = []byte("2")
	complete(t, f, second)
	release(t, f, second)
	stands(t, f, another(first), second, now())
}

func release[W any](t *testing.T, f Fixture[W], record idempotency.Record) {
	t.Helper()
	if err := f.Store.Release(t.Context(), record); err != nil {
		t.Fatal(err)
	}
}
