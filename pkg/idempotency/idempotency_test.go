package idempotency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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
	// ids is how many ids of runs were made.
	ids int
	// pauses are the conflicts after which there was a pause, which returns pauseFails.
	pauses     []int
	pauseFails error
}

// faultyStore returns the errors of each method one after the other, before a call or, if
// isLate, after it.
type faultyStore struct {
	idempotency.Store[string]

	begin, complete, release []error
	isLate                   bool
	// begun is the record of the last run that began.
	begun idempotency.Record
	// completing is called with the context of Complete.
	completing func(context.Context)
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
	s.begun = r
	err = s.fail(&s.begin, func() error {
		standing, err = s.Store.Begin(ctx, r, now)
		return err
	})
	return standing, err
}

func (s *faultyStore) Complete(ctx context.Context, r idempotency.Record, writes []string) error {
	if s.completing != nil {
		s.completing(ctx)
	}
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
		NewID: func() string {
			b.ids++
			return fmt.Sprintf("run-%d", b.ids)
		},
		Pause: func(_ context.Context, n int) error {
			b.pauses = append(b.pauses, n)
			return b.pauseFails
		},
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

func TestARunBeginsWithAnIdAndALeaseThatIsLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTill(t)
		b.now = b.now.Add(999_999 * time.Microsecond)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := b.take(ctx, "key-1", 5, nil); err != nil {
			t.Error(err)
		}
		want := idempotency.Record{
			Key: "take#key-1", Content: "7y0SfeN7lCuq0GFF5UsMYZofIjJ7LrvPvsePVWSv450", Run: "run-1",
			Until: time.Date(2026, 3, 1, 12, 0, 32, 999_000_000, time.UTC), ExpiresAt: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		}
		if diff := cmp.Diff(want, b.store.begun); diff != "" {
			t.Errorf("the record that is expected (-) and begun (+):\n%s", diff)
		}
	})
}

func TestAConcurrentCallReturnsTheEndOfTheOtherLease(t *testing.T) {
	b := newTill(t)
	_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(ctx context.Context) (int, []string, error) {
		until := b.store.begun.Until
		_, err := b.take(ctx, "key-1", 5, nil)
		inProgress, ok := errors.AsType[*idempotency.InProgressError](err)
		if !ok || inProgress.Until != until || err.Error() != "another run is in progress, at most until "+until.Format(time.RFC3339) {
			t.Errorf("until %s the error is %v", until, err)
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
			if err := fail(b); !errors.Is(err, refused) || strings.Contains(err.Error(), "in progress") || b.taken["taken"] != 0 {
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
	_, err := b.take(t.Context(), "key-1", 5, refused)
	text := "take: the card is refused\nin progress until " + b.store.begun.Until.Format(time.RFC3339) + ": the table is unavailable"
	if !errors.Is(err, refused) || !errors.Is(err, down) || err.Error() != text {
		t.Errorf("the error is %v", err)
	}
	if _, err := b.take(t.Context(), "key-1", 5, nil); !errors.As(err, new(*idempotency.InProgressError)) {
		t.Errorf("the error is %v", err)
	}
	b.now = b.now.Add(idempotency.MaximumRun + idempotency.LeaseMargin)
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 2, false, 1, 2)
}

func TestAConflictIsRepeatedAfterAPause(t *testing.T) {
	b := newTill(t)
	b.store.begin = []error{idempotency.ErrConflict, idempotency.ErrConflict}
	b.store.complete = []error{idempotency.ErrConflict}
	got, err := b.take(t.Context(), "key-1", 5, nil)
	b.is(t, got, err, 1, false, 1, 1)
	if want := []int{1, 2, 1}; !slices.Equal(b.pauses, want) {
		t.Errorf("the pauses are %v, want %v", b.pauses, want)
	}
	for range 8 {
		b.store.begin = append(b.store.begin, idempotency.ErrConflict)
	}
	if _, err := b.take(t.Context(), "key-2", 5, nil); !errors.Is(err, idempotency.ErrConflict) || b.runs != 1 {
		t.Errorf("the error is %v after %d runs", err, b.runs)
	}
	b.store.begin, b.pauseFails = []error{idempotency.ErrConflict}, context.DeadlineExceeded
	if _, err := b.take(t.Context(), "key-3", 5, nil); !errors.Is(err, idempotency.ErrConflict) || !errors.Is(err, b.pauseFails) || b.runs != 1 {
		t.Errorf("without time for a pause the error is %v after %d runs", err, b.runs)
	}
}

func TestByDefaultThePauseAfterAConflictIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTill(t)
		var err error
		if b.Runner, err = idempotency.New(idempotency.Config[string]{Name: "take", Store: b.store, Retention: time.Hour}); err != nil {
			t.Fatal(err)
		}
		b.store.begin = []error{idempotency.ErrConflict}
		began := time.Now()
		got, err := b.take(t.Context(), "key-1", 5, nil)
		b.is(t, got, err, 1, false, 1, 1)
		if took := time.Since(began); took >= 10*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
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
	for text, err := range map[string]error{
		"a key of take has 0 bytes, allowed are 1 to 2043":            run("", 1, 1, 1),
		"a key of take has 2044 bytes, allowed are 1 to 2043":         run(longest+"k", 1, 1, 1),
		"the content of take: json: unsupported value: NaN":           run("k", math.NaN(), 1, 1),
		"the content of take: jsontext: duplicate object member name": run("k", json.RawMessage(`{"a": 1, "a": 2}`), 1, 1),
		"encode the answer: json: unsupported type: func()":           run("k", 1, func() {}, 1),
		"the answer has 405505 bytes, 405504 are allowed":             run("k", 1, largest+"a", 1),
		"100 writes, 99 are allowed":                                  run("k", 1, 1, idempotency.MaximumWrites+1),
	} {
		if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), text) {
			t.Errorf("the error is %v, want: %s", err, text)
		}
	}
	if len(b.taken) != 0 {
		t.Errorf("taken: %v", b.taken)
	}
	if err := run(longest, 1, largest, idempotency.MaximumWrites); err != nil || b.taken["taken"] != idempotency.MaximumWrites {
		t.Errorf("%v, taken %d times", err, b.taken["taken"])
	}
}

func TestAnAnswerOfAnotherTypeIsAnError(t *testing.T) {
	b := newTill(t)
	if _, err := b.take(t.Context(), "key-1", 5, nil); err != nil {
		t.Fatal(err)
	}
	_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(context.Context) (int, []string, error) { return 0, nil, nil })
	if err == nil || !strings.HasPrefix(err.Error(), "decode the stored answer: ") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheContextsOfACallEndWithIt(t *testing.T) {
	b := newTill(t)
	var ofWork, ofStore func() error
	b.store.completing = func(ctx context.Context) {
		ofStore = ctx.Err
		if ofWork() == nil || ofStore() != nil {
			t.Errorf("when the answer is stored, the context of the function has ended with %v, and that of the store with %v", ofWork(), ofStore())
		}
	}
	_, err := idempotency.Run(t.Context(), b.Runner, "key-1", 5, func(ctx context.Context) (int, []string, error) {
		ofWork = ctx.Err
		return 1, nil, nil
	})
	if err != nil || ofStore() == nil {
		t.Errorf("after the call the context of the store has ended with %v: %v", ofStore(), err)
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
