package participant_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// about makes an order.placed event about an order.
func (w *warehouse) about(tb tester, subject, id string) event.Event {
	tb.Helper()
	e := w.placed(tb, id)
	e.Subject = subject
	return e
}

// batch handles events, given as order and id, of a FIFO queue if it has groups, and
// returns the ids of those with an error.
func (w *warehouse) batch(tb tester, isFIFO bool, names ...string) map[string]error {
	tb.Helper()
	var deliveries []event.Delivery
	for _, name := range names {
		subject, _, _ := strings.Cut(name, " ")
		delivery := event.Delivery{Event: w.about(tb, subject, name), Context: tb.Context()}
		if isFIFO {
			delivery.Group = subject
		}
		deliveries = append(deliveries, delivery)
	}
	failed := make(map[string]error)
	for i, err := range w.HandleBatch(tb.Context(), deliveries) {
		if err != nil {
			failed[names[i]] = err
		}
	}
	return failed
}

// assertFailed checks which events have an error, and that each is the error.
func assertFailed(t *testing.T, failed map[string]error, want error, names ...string) {
	t.Helper()
	for name, err := range failed {
		if !slices.Contains(names, name) || !errors.Is(err, want) {
			t.Errorf("%s has the error %v", name, err)
		}
	}
	if len(failed) != len(names) {
		t.Errorf("%d events have an error, expected are %v", len(failed), names)
	}
}

// shipments returns how many events of an order were handled, and in how many commits.
func (w *warehouse) shipments(tb tester, subject string) (handled int, commits int64) {
	tb.Helper()
	s, record, err := w.Load(tb.Context(), subject)
	if err != nil {
		tb.Fatal(err)
	}
	if s.Shipments != len(record.Handled) {
		tb.Errorf("%d shipments of %d events of %s", s.Shipments, len(record.Handled), subject)
	}
	return len(record.Handled), record.Version
}

// failing makes a decision that fails for the event with this id.
func failing(id string, failure error) func(state, participant.Input) (decision, error) {
	return func(s state, in participant.Input) (decision, error) {
		if in.Event.ID == id {
			return decision{}, failure
		}
		return shipUnlimited(s, in)
	}
}

func TestASagaOfABatchIsLoadedOnceAndCommittedOnce(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "a 2", "a 3", "b 2"), nil)
	assertCalls(t, w, 1, 2, 0)
	assertFailed(t, w.batch(t, false, "a 4", "b 3"), nil)
	assertCalls(t, w, 2, 4, 0)
	for subject, want := range map[string]int{"a": 4, "b": 3} {
		if handled, commits := w.shipments(t, subject); handled != want || commits != 2 {
			t.Errorf("%s: %d events in %d commits", subject, handled, commits)
		}
	}
}

func TestASagaOfABatchIsLoadedAloneIfTheStoreCannotLoadSeveral(t *testing.T) {
	w := newWarehouse(t, shipUnlimited, func(c *participant.Config[state]) { c.Store = fixed{c.Store} })
	assertFailed(t, w.batch(t, false, "a 1", "b 1"), nil)
	assertCalls(t, w, 2, 2, 0)
}

func TestTheEventsOfABatchArePublishedTogether(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	calls := 0
	w.publisher.before = func(n int) error {
		if n == 0 {
			calls++
		}
		return nil
	}
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "a 2"), nil)
	if published := len(w.publisher.Published()); calls != 1 || published != 6 {
		t.Errorf("%d events are published with %d calls", published, calls)
	}
}

func TestABeginningInABatchIsNotLoaded(t *testing.T) {
	w := newWarehouse(t, shipUnlimited, beginning)
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "a 2"), nil)
	if w.store.loads != 0 || w.store.commits != 2 {
		t.Errorf("%d loads and %d commits of two orders", w.store.loads, w.store.commits)
	}
}

func TestAnInvalidEventOfABatchFailsAlone(t *testing.T) {
	for _, isFIFO := range []bool{true, false} {
		for _, change := range []func(*participant.Config[state]){func(*participant.Config[state]) {}, beginning} {
			w := newWarehouse(t, failing("a 2", event.ErrInvalid), change)
			assertFailed(t, w.batch(t, isFIFO, "a 1", "a 2", "a 3", "b 1"), event.ErrInvalid, "a 2")
			if handled, _ := w.shipments(t, "a"); handled != 2 {
				t.Errorf("%d events are handled", handled)
			}
		}
	}
}

func TestAnEventThatFailsInABatchDelaysLaterOnesOfItsGroupOnly(t *testing.T) {
	w := newWarehouse(t, failing("a 2", errBroken))
	assertFailed(t, w.batch(t, true, "a 1", "a 2", "a 3", "b 1"), errBroken, "a 2", "a 3")
	if handled, _ := w.shipments(t, "a"); handled != 1 {
		t.Errorf("of a FIFO queue %d events are handled", handled)
	}
	w = newWarehouse(t, failing("a 2", errBroken))
	assertFailed(t, w.batch(t, false, "a 1", "a 2", "a 3", "b 1"), errBroken, "a 2")
	if handled, _ := w.shipments(t, "a"); handled != 2 {
		t.Errorf("of a standard queue %d events are handled", handled)
	}
}

func TestAPanicOutsideOfTheDecisionIsTheErrorOfItsEvent(t *testing.T) {
	w := newWarehouse(t, shipUnlimited, func(c *participant.Config[state]) { c.Language = panicking{Language: c.Language, effectsOf: "a 2"} })
	failed := w.batch(t, false, "a 1", "a 2", "a 3", "b 1")
	if len(failed) != 1 || failed["a 2"] == nil || errors.Is(failed["a 2"], event.ErrInvalid) {
		t.Errorf("the errors are %v", failed)
	}
	assertCalls(t, w, 1, 2, 0)
}

func TestAPanicOfTheStoreIsTheErrorOfItsEvent(t *testing.T) {
	w := newWarehouse(t, shipUnlimited, func(c *participant.Config[state]) { c.Parallelism = 1 })
	w.store.before = func(commit int) error {
		if commit == 1 || commit == 3 { // Both events of a, and the second one alone.
			panic("out of cheese")
		}
		return nil
	}
	failed := w.batch(t, false, "a 1", "a 2", "b 1")
	if len(failed) != 1 || failed["a 2"] == nil {
		t.Errorf("the errors are %v", failed)
	}
}

func TestAPanicInABatchIsTheErrorOfItsEvent(t *testing.T) {
	for name, panics := range map[string]func(){"panic": func() { panic("out of cheese") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
				if in.Event.ID == "a 2" {
					panics()
				}
				return shipUnlimited(s, in)
			})
			failed := w.batch(t, false, "a 1", "a 2", "a 3", "b 1")
			if len(failed) != 1 || failed["a 2"] == nil || errors.Is(failed["a 2"], event.ErrInvalid) {
				t.Errorf("the errors are %v", failed)
			}
		})
	}
}

func TestARaceThatASagaOfABatchLosesIsDecidedAgainOneByOne(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	rival := w.rival(t)
	w.store.before = func(commit int) error {
		if commit == 1 {
			return rival.Handle(t.Context(), w.about(t, "a", "a rival"))
		}
		return nil
	}
	assertFailed(t, w.batch(t, false, "a 1", "a 2"), nil)
	if handled, commits := w.shipments(t, "a"); handled != 3 || commits != 3 {
		t.Errorf("%d events in %d commits", handled, commits)
	}
}

func TestEventsThatAreHandledOneByOneKeepTheirOrder(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.store.before = func(commit int) error { return []error{participant.ErrConflict, nil, errBroken, nil}[commit-1] }
	assertFailed(t, w.batch(t, true, "a 1", "a 2", "a 3"), errBroken, "a 2", "a 3")
	if handled, _ := w.shipments(t, "a"); handled != 1 {
		t.Errorf("%d events are handled", handled)
	}
}

func TestEventsThatCannotBeCommittedTogetherAreHandledOneByOne(t *testing.T) {
	take := func(item string) participant.Adjustment {
		return participant.Adjustment{Item: item, Add: map[string]int64{"on_hand": -1}}
	}
	for name, adjust := range map[string]func(id string) []participant.Adjustment{
		"both adjust one item": func(string) []participant.Adjustment { return []participant.Adjustment{take(stock)} },
		"one is refused": func(id string) []participant.Adjustment {
			return []participant.Adjustment{take(map[string]string{"a 1": stock, "a 2": "sold out"}[id])}
		},
		"too many writes": func(id string) (all []participant.Adjustment) {
			for n := range participant.MaximumWrites / 2 {
				all = append(all, participant.Adjustment{Item: fmt.Sprint(id, n), Add: map[string]int64{"on_hand": 1}})
			}
			return all
		},
	} {
		w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
			d, err := shipUnlimited(s, in)
			if len(in.Refused) == 0 {
				d.Adjustments = adjust(in.Event.ID)
			}
			d.State.Shipments = s.Shipments + 1
			return d, err
		})
		assertFailed(t, w.batch(t, true, "a 1", "a 2"), nil)
		if handled, commits := w.shipments(t, "a"); handled != 2 || commits != 2 {
			t.Errorf("%s: %d events in %d commits", name, handled, commits)
		}
	}
}

func TestARefusedEventOfABatchIsDecidedAgainAlone(t *testing.T) {
	w := newWarehouse(t, ship)
	take := []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": -99}}}
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "other", State: []byte("{}")}, take); err != nil {
		t.Fatal(err)
	}
	assertFailed(t, w.batch(t, true, "a 1", "a 2"), nil)
	s, record, err := w.Load(t.Context(), "a")
	if err != nil || s.Shipments != 1 || !slices.Equal(s.Refused, []string{stock}) || len(record.Handled) != 2 {
		t.Errorf("the state is %+v after %d events, %v", s, len(record.Handled), err)
	}
}

func TestACommitThatFailsFailsTheEventsOfItsSagaOnly(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.store.refuse = "a"
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "a 2"), errBroken, "a 1", "a 2")
	if handled, _ := w.shipments(t, "b"); handled != 1 || w.store.commits != 2 {
		t.Errorf("%d events of b are handled, after %d commits", handled, w.store.commits)
	}
}

func TestALoadThatFailsFailsTheEventsThatNeedIt(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.store.load = func() error { return errBroken }
	assertFailed(t, w.batch(t, false, "a 1", "b 1"), errBroken, "a 1", "b 1")
	assertCalls(t, w, 1, 0, 0)
}

func TestARecordThatCannotBeReadFailsItsOwnEventsOnly(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.store.unread = "b"
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "c 1", "b 2"), errBroken, "b 1", "b 2")
}

func TestAnEventThatCannotBeDecodedFailsAloneEvenIfItPanics(t *testing.T) {
	w := newWarehouse(t, shipUnlimited, func(c *participant.Config[state]) { c.Language = panicking{Language: c.Language, event: "a 2"} })
	if failed := w.batch(t, false, "a 1", "a 2", "b 1"); len(failed) != 1 || failed["a 2"] == nil {
		t.Errorf("the errors are %v", failed)
	}
}

// panicking is a language that panics for the event with an id, or for those that it causes.
type panicking struct {
	participant.Language

	event, effectsOf string
}

func (l panicking) Decode(e event.Event) (event.Data, error) {
	if e.ID == l.event {
		panic("out of cheese")
	}
	return l.Language.Decode(e)
}

func (l panicking) Seal(e event.Event) (event.Event, error) {
	if e.CausationID == l.effectsOf {
		panic("out of cheese")
	}
	return l.Language.Seal(e)
}

func TestADecisionThatTakesTooLongFailsItsEventOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, nil, func(c *participant.Config[state]) {
			c.Decide = func(ctx context.Context, s state, in participant.Input) (decision, error) {
				if in.Event.ID == "b 1" {
					<-ctx.Done()
					return decision{}, ctx.Err()
				}
				return shipUnlimited(s, in)
			}
			c.Publisher = timely{c.Publisher}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var deliveries []event.Delivery
		for _, subject := range []string{"a", "b", "c"} {
			deliveries = append(deliveries, event.Delivery{Event: w.about(t, subject, subject+" 1"), Context: ctx})
		}
		errs := w.HandleBatch(ctx, deliveries)
		if errs[0] != nil || !errors.Is(errs[1], context.DeadlineExceeded) || errs[2] != nil {
			t.Errorf("the errors are %v", errs)
		}
		if n := len(w.publisher.Published()); n != 4 {
			t.Errorf("%d events are published", n)
		}
	})
}

// timely is a publisher that fails as soon as its context has ended.
type timely struct{ participant.Publisher }

func (p timely) Publish(ctx context.Context, events ...event.Event) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.Publisher.Publish(ctx, events...)
}

func TestAnEventThatIsNotPublishedFailsItsCauseOnly(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.config.Publisher = rejecting{w.publisher, 3} // The second event of b 1.
	var err error
	if w.Participant, err = participant.New(w.config); err != nil {
		t.Fatal(err)
	}
	assertFailed(t, w.batch(t, false, "a 1", "b 1", "a 2"), participant.ErrUnpublished, "b 1")
	w.config.Publisher = w.publisher
	if w.Participant, err = participant.New(w.config); err != nil {
		t.Fatal(err)
	}
	assertFailed(t, w.batch(t, false, "b 1"), nil)
	if ids := assertOneContentPerID(t, w.publisher.Published()); len(ids) != 6 {
		t.Errorf("%d events are published", len(ids))
	}
}

// rejecting is a publisher that rejects one event of a call.
type rejecting struct {
	*unreliable

	index int
}

func (r rejecting) Publish(ctx context.Context, events ...event.Event) error {
	if err := r.unreliable.Publish(ctx, slices.Delete(slices.Clone(events), r.index, r.index+1)...); err != nil {
		return err
	}
	return &participant.PartialError{Errs: map[int]error{r.index: errBroken}}
}

func TestAnEventTwiceInABatchHasOneEffectAndOneResult(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	assertFailed(t, w.batch(t, false, "a 1", "a 2", "a 2"), nil)
	if handled, commits := w.shipments(t, "a"); handled != 2 || commits != 1 || len(w.publisher.Published()) != 4 {
		t.Errorf("%d events in %d commits, and %d published", handled, commits, len(w.publisher.Published()))
	}
	w = newWarehouse(t, shipUnlimited)
	w.publisher.before = func(int) error { return errBroken }
	deliveries := []event.Delivery{{Event: w.placed(t, "e-1"), Context: t.Context()}, {Event: w.placed(t, "e-1"), Context: t.Context()}}
	for i, err := range w.HandleBatch(t.Context(), deliveries) {
		if !errors.Is(err, participant.ErrUnpublished) {
			t.Errorf("delivery %d has the error %v", i, err)
		}
	}
}

func TestADuplicateInABatchIsPublishedAgainBesideAnEventOfAnotherSourceWithItsID(t *testing.T) {
	w := newWarehouse(t, shipUnlimited)
	w.mustHandle(t, w.placed(t, "e-1"))
	deliveries := []event.Delivery{{Event: w.declined(t, "e-1"), Context: t.Context()}, {Event: w.placed(t, "e-1"), Context: t.Context()}}
	if err := errors.Join(w.HandleBatch(t.Context(), deliveries)...); err != nil {
		t.Fatal(err)
	}
	published := encoded(t, w.publisher.Published())
	if len(published) != 6 || !slices.Equal(published[4:], published[:2]) {
		t.Errorf("published are %v", published)
	}
}

func TestCommittedIsCalledForEachEventOfABatchWithItsOwnContext(t *testing.T) {
	type key struct{}
	var calls []string
	w := newWarehouse(t, shipUnlimited, func(c *participant.Config[state]) {
		c.Parallelism = 1
		c.Committed = func(ctx context.Context, before, after state, in participant.Input) {
			calls = append(calls, fmt.Sprintf("%s in %v: %d to %d", in.Event.ID, ctx.Value(key{}), before.Shipments, after.Shipments))
		}
		c.TraceParent = func(ctx context.Context) string {
			return fmt.Sprintf("00-%032d-%016d-01", 1, ctx.Value(key{}))
		}
	})
	var deliveries []event.Delivery
	for n, id := range []string{"e-1", "e-2"} {
		deliveries = append(deliveries, event.Delivery{Event: w.placed(t, id), Context: context.WithValue(t.Context(), key{}, n+1)})
	}
	for _, err := range w.HandleBatch(t.Context(), deliveries) {
		if err != nil {
			t.Error(err)
		}
	}
	assertCommitted(t, calls, "e-1 in 1: 0 to 1", "e-2 in 2: 1 to 2")
	for i, e := range w.publisher.Published() {
		if want := fmt.Sprintf("00-%032d-%016d-01", 1, i/2+1); e.TraceParent != want {
			t.Errorf("%s of %s has the trace parent %s, want %s", e.Type, e.CausationID, e.TraceParent, want)
		}
	}
}

func TestSagasOfABatchAreHandledAtTheSameTimeWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
			time.Sleep(time.Second)
			return shipUnlimited(s, in)
		}, func(c *participant.Config[state]) { c.Parallelism = 2 })
		began := time.Now()
		assertFailed(t, w.batch(t, false, "a 1", "b 1", "c 1", "d 1", "e 1", "f 1"), nil)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("six sagas took %s", took)
		}
	})
}

// Whatever is in a batch, and whatever fails, after redelivery the outcome is that of
// handling each event once.
func TestAnyScheduleOfBatchesCrashesAndRedeliveriesHasOneEffectPerEvent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		begins := []event.Data{}
		if rapid.Bool().Draw(rt, "begins") {
			begins = append(begins, contract.OrderPlaced{})
		}
		w := newWarehouse(rt, ship, func(c *participant.Config[state]) { c.Begins, c.Parallelism = begins, 1 })
		isFIFO := rapid.Bool().Draw(rt, "FIFO")
		all := []string{"a 1", "a 2", "a 3", "b 1", "b 2", "c 1"}
		for range rapid.IntRange(0, 10).Draw(rt, "batches") {
			batch := rapid.SliceOfN(rapid.SampledFrom(all), 1, 6).Draw(rt, "batch")
			w.heal()
			if n := rapid.IntRange(0, len(crashes())).Draw(rt, "crash"); n < len(crashes()) {
				crashes()[n].prepare(w)
			}
			for name, err := range w.batch(rt, isFIFO, batch...) {
				if !errors.Is(err, errBroken) {
					rt.Fatalf("%s: %v", name, err)
				}
			}
			w.wait(time.Duration(rapid.IntRange(0, int(time.Hour)).Draw(rt, "time")))
		}
		w.heal()
		if failed := w.batch(rt, isFIFO, all...); len(failed) > 0 {
			rt.Fatalf("without a fault: %v", failed)
		}
		for subject, want := range map[string]int{"a": 3, "b": 2, "c": 1} {
			if handled, _ := w.shipments(rt, subject); handled != want {
				rt.Errorf("%d events of %s are handled", handled, subject)
			}
		}
		counters, err := w.store.Counters(rt.Context(), stock)
		if diff := cmp.Diff(map[string]int64{"on_hand": 94, "shipped": 6}, counters); diff != "" || err != nil {
			rt.Errorf("the stock (-want +got):\n%s%v", diff, err)
		}
		if ids := assertOneContentPerID(rt, w.publisher.Published()); len(ids) != 2*len(all) {
			rt.Errorf("%d different events are published", len(ids))
		}
	})
}

func TestADecisionThatIgnoresItsContextFailsAloneAndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
			if in.Event.ID == "b 1" {
				time.Sleep(time.Hour)
			}
			return shipUnlimited(s, in)
		}, func(c *participant.Config[state]) { c.Publisher = timely{c.Publisher} })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var deliveries []event.Delivery
		for _, id := range []string{"a 1", "b 1", "b 2", "c 1"} {
			deliveries = append(deliveries, event.Delivery{Event: w.about(t, id[:1], id), Context: ctx})
		}
		began := time.Now()
		errs := w.HandleBatch(ctx, deliveries)
		if took := time.Since(began); took != 9100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if errs[0] != nil || !errors.Is(errs[1], context.DeadlineExceeded) || !errors.Is(errs[2], context.DeadlineExceeded) || errs[3] != nil {
			t.Errorf("the errors are %v", errs)
		}
		time.Sleep(2 * time.Hour)
		if handled, _ := w.shipments(t, "b"); handled != 0 || len(w.publisher.Published()) != 4 {
			t.Errorf("%d events of b are handled, and %d published", handled, len(w.publisher.Published()))
		}
	})
}

func TestACommandWhoseDecisionIgnoresItsContextFailsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, func(state, participant.Input) (decision, error) {
			time.Sleep(time.Hour)
			return decision{}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := w.Execute(ctx, w.placed(t, "e-1"), contract.OrderPlaced{})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 1100*time.Millisecond {
			t.Errorf("after %s the error is %v", took, err)
		}
		time.Sleep(2 * time.Hour) // The decision returns.
	})
}
