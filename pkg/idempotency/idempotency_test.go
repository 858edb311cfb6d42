package idempotency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/idempotency"
)

// till is a function with a store in memory. Each run takes money once.
type till struct {
	*idempotency.Runner[string]

	store *faultyStore
	taken counters
	now   time.Time
	runs  int
}

// faultyStore returns the errors of each method one after the other, before a call or, if
// isLate, after it.
type faultyStore struct {
	idempotency.Store[string]

	begin, complete, release []error
	isLate                   bool
}

func (s *faultyStore) fail(errs *[]error, call func() error) error {
	if len(*errs) == 0 {
		return call()
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	if s.isLate {
		return errors.Join(call(), err)
	}
	return err
}

func (s *faultyStore) Begin(ctx context.Context, r idempotency.Record, now time.Time) (standing *idempotency.Record, err error) {
	err = s.fail(&s.begin, func() error {
		standing, err = s.Store.Begin(ctx, r, now)
		return err
	})
	return standing, err
}

func (s *faultyStore) Complete(ctx context.Context, r idempotency.Record, writes []string) error {
	return s.fail(&s.complete, func() error { return s.Store.Complete(ctx, r, writes) })
}

func (s *faultyStore) Release(ctx context.Context, r idempotency.Record) error {
	return s.fail(&s.release, func() error { return s.Store.Release(ctx, r) })
}

func newTill(t *testing.T) *till {
	t.Helper()
	taken := counters{}
	b := &till{taken: taken, store: &faultyStore{Store: idempotency.NewMemory(taken.apply)}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	b.Runner, err = idempotency.New(idempotency.Config[string]{
		Name: "take", Store: b.store, Retention: 24 * time.Hour, Clock: func() time.Time { return b.now },
		Pause: func(context.Context, int) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type receipt struct {
	Number int
	// Note is not stored.
	Note string `json:"-"`
}

// take takes money, unless that fails.
func (b *till) take(ctx context.Context, key string, content any, failure error) (idempotency.Result[receipt], error) {
	return idempotency.Run(ctx, b.Runner, key, content, func(context.Context) (receipt, []string, error) {
		b.runs++
		return receipt{b.runs, "only here"}, []string{"taken"}, failure
	})
}

// is checks the result of a call, and how often the money was taken and the function was run.
func (b *till) is(t *testing.T, got idempotency.Result[receipt], err error, number int, isRepeated bool, taken, runs int) {
	t.Helper()
	if want := (idempotency.Result[receipt]{Answer: receipt{Number: number}, IsRepeated: isRepeated}); err != nil || got != want {
		t.Errorf("the result is %+v, %v, want %+v", got, err, want)
	}
	if b.taken["taken"] != taken || b.runs != runs {
		t.Errorf("taken %d times in %d runs", b.taken["taken"], b.runs)
	}
}

func TestARepeatedCallReturnsTheStoredAnswerAndHasNoEffect(t *testing.T) {
	b := newTill(t)
	got, err := b.take(t.Context(), "key-1", json.RawMessage(`{"amount": 5, "order": "o-1"}`), nil)
	b.is(t, got, err, 1, false, 1, 1)
	b.now = b.now.Add(23 * time.Hour)
	got, err = b.take(t.Context(), "key-1", map[string]any{"order": "o-1", "amount": 5.0}, nil)
	b.is(t, got, err, 1, true, 1, 1)
	got, err = b.take(t.Context(), "key-2", nil, nil)
	b.is(t, got, err, 2, false, 2, 2)
	b.now = b.now.Add(time.Hour)
	got, err = b.take(t.Context(), "key-1", "other content", nil)
	b.is(t, got, err, 3, false, 3, 3)
}

func TestAKeyIsRefusedForOtherContent(t *testing.T) {
	b := newTill(t)
	if _, err := b.take(t.Context(), "key-1", 5, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.take(t.Context(), "key-1", 6, nil); !errors.Is(err, idempotency.ErrOtherContent) || !errors.Is(err, event.ErrInvalid) || b.runs != 1 {
		t.Errorf("the error is %v after %d runs", err, b.runs)
	}
}

func TestTheKeysOfTwoFunctionsAreIndependent(t *testing.T) {
	b := newTill(t)
	if _, err := b.take(t.Context(), "key-1", 5, nil); err != nil {
		t.Fatal(err)
	}
	other, err := idempotency.New(idempotency.Config[string]{Name: "give", Store: b.store, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	b.Runner = other
	got, err := b.take(t.Context(), "key-1", 6, nil)
	b.is(t, got, err, 2, false, 2, 2)
}

func TestAConcurrentCallReturnsTheEndOfTheOtherLease(t *testing.T) {
	b := newTill(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := idempotency.Run(ctx, b.Runner, "key-1", 5, func(ctx context.Context) (int, []string, error) {
		_, err := b.take(ctx, "key-1", 5, nil)
		inProgress, ok := errors.AsType[*idempotency.InProgressError](err)
		if left := time.Duration(0); ok {
			left = inProgress.Until.Sub(b.now)
			if left > 30*time.Second+idempotency.LeaseMargin || left < 25*time.Second+idempotency.LeaseMargin {
				t.Errorf("the lease is %s", left)
			}
		} else {
			t.Errorf("the error is %v", err)
		}
		_, err = b.take(ctx, "key-1", 6, nil)
		if !errors.Is(err, idempotency.ErrOtherContent) {
			t.Errorf("the error with other content is %v", err)
		}
		return 0, nil, nil
	})
	if err != nil || b.runs != 0 {
		t.Errorf("%v after %d runs", err, b.runs)
	}
}

func TestARunThatWasTakenOverCommitsNothing(t *testing.T) {
	b := newTill(t)
	_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(ctx context.Context) (receipt, []string, error) {
		b.now = b.now.Add(idempotency.MaximumRun + idempotency.LeaseMargin)
		got, err := b.take(ctx, "key-1", 5, nil)
		b.is(t, got, err, 1, false, 1, 1)
		return receipt{Number: 100}, []string{"taken"}, nil
	})
	if !errors.Is(err, idempotency.ErrTakenOver) {
		t.Errorf("the error is %v", err)
	}
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 1, true, 1, 1)
}

func TestAfterAnErrorTheNextCallRunsAgain(t *testing.T) {
	refused := errors.New("the card is refused")
	for name, fail := range map[string]func(b *till) error{
		"of the function": func(b *till) error {
			_, err := b.take(t.Context(), "key-1", 5, refused)
			return err
		},
		"of a write": func(b *till) error {
			_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(context.Context) (int, []string, error) {
				b.runs++
				return 0, []string{"taken", ""}, nil
			})
			if errors.Is(err, errRefused) {
				return refused
			}
			return err
		},
		"before the answer is stored": func(b *till) error {
			b.store.complete = []error{refused}
			_, err := b.take(t.Context(), "key-1", 5, nil)
			return err
		},
		"a panic": func(b *till) error {
			_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(context.Context) (int, []string, error) {
				b.runs++
				panic("a bug")
			})
			if err != nil && strings.Contains(err.Error(), "a bug") {
				return refused
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTill(t)
			if err := fail(b); !errors.Is(err, refused) || b.taken["taken"] != 0 {
				t.Fatalf("the error is %v, taken %d times", err, b.taken["taken"])
			}
			got, err := b.take(t.Context(), "key-1", 5, nil)
			b.is(t, got, err, 2, false, 1, 2)
		})
	}
}

func TestAnAnswerWhoseStorageIsUnknownIsReturnedByTheNextCall(t *testing.T) {
	b := newTill(t)
	lost := errors.New("the connection is lost")
	b.store.complete, b.store.isLate = []error{lost}, true
	if _, err := b.take(t.Context(), "key-1", 5, nil); !errors.Is(err, lost) {
		t.Errorf("the error is %v", err)
	}
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 1, true, 1, 1)
}

func TestARunThatCannotBeReleasedIsTakenOverAfterItsLease(t *testing.T) {
	b := newTill(t)
	refused, down := errors.New("the card is refused"), errors.New("the table is unavailable")
	b.store.release = []error{down}
	if _, err := b.take(t.Context(), "key-1", 5, refused); !errors.Is(err, refused) || !errors.Is(err, down) {
		t.Errorf("the error is %v", err)
	}
	if _, err := b.take(t.Context(), "key-1", 5, nil); !errors.As(err, new(*idempotency.InProgressError)) {
		t.Errorf("the error is %v", err)
	}
	b.now = b.now.Add(idempotency.MaximumRun + idempotency.LeaseMargin)
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 2, false, 1, 2)
}

func TestAConflictIsRepeated(t *testing.T) {
	b := newTill(t)
	b.store.begin = []error{idempotency.ErrConflict, idempotency.ErrConflict}
	b.store.complete = []error{idempotency.ErrConflict}
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 1, false, 1, 1)
	for range 8 {
		b.store.begin = append(b.store.begin, idempotency.ErrConflict)
	}
	if _, err := b.take(t.Context(), "key-2", 5, nil); !errors.Is(err, idempotency.ErrConflict) || b.runs != 1 {
		t.Errorf("the error is %v after %d runs", err, b.runs)
	}
}

func TestWhatCanNeverSucceedIsInvalidAndCommitsNothing(t *testing.T) {
	b := newTill(t)
	run := func(key string, content, answer any, writes int) error {
		_, err := idempotency.Run(t.Context(), b.Runner, key, content, func(context.Context) (any, []string, error) {
			return answer, strings.Split(strings.Repeat("taken ", writes), " ")[:writes], nil
		})
		return err
	}
	longest := strings.Repeat("k", idempotency.MaximumKey-len("take#"))
	largest := strings.Repeat("a", idempotency.MaximumAnswer-len(`""`))
	for name, err := range map[string]error{
		"an empty key":                     run("", 1, 1, 1),
		"a long key":                       run(longest+"k", 1, 1, 1),
		"content that cannot be encoded":   run("k", math.NaN(), 1, 1),
		"content with two readings":        run("k", json.RawMessage(`{"a": 1, "a": 2}`), 1, 1),
		"an answer that cannot be encoded": run("k", 1, func() {}, 1),
		"a large answer":                   run("k", 1, largest+"a", 1),
		"many writes":                      run("k", 1, 1, idempotency.MaximumWrites+1),
	} {
		if !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if len(b.taken) != 0 {
		t.Errorf("taken: %v", b.taken)
	}
	if err := run(longest, 1, largest, idempotency.MaximumWrites); err != nil || b.taken["taken"] != idempotency.MaximumWrites {
		t.Errorf("%v, taken %d times", err, b.taken["taken"])
	}
}

func TestTimeIsKeptToStoreTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTill(t)
		for limit, want := range map[time.Duration]time.Duration{10 * time.Second: 9 * time.Second, 2 * time.Second: 1500 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			began := time.Now()
			_, err := idempotency.Run(ctx, b.Runner, fmt.Sprint(limit), 5, func(ctx context.Context) (int, []string, error) {
				<-ctx.Done()
				return 1, []string{"taken"}, nil
			})
			if took := time.Since(began); err != nil || took != want {
				t.Errorf("%v after %s of %s", err, took, limit)
			}
			cancel()
			if _, err := b.take(ctx, "late", 5, nil); !errors.Is(err, context.Canceled) || b.runs != 0 {
				t.Errorf("the error is %v after %d runs", err, b.runs)
			}
		}
	})
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	_, err := idempotency.New(idempotency.Config[string]{})
	for _, name := range []string{"Name", "Store", "Retention"} {
		if err == nil || !strings.Contains(err.Error(), "no "+name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
