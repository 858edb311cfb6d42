package participant_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// tombstone returns the tombstone of a warehouse's state, and puts what was shipped
// back.
func tombstone(s state) (state, []participant.Adjustment, error) {
	if s.Shipments == 0 {
		return state{Shipments: -1}, nil, nil
	}
	back := int64(s.Shipments)
	return state{Shipments: -1}, []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": back, "shipped": -back}}}, nil
}

// shipUnlessErased ships, except for an erased subject.
func shipUnlessErased(s state, in participant.Input) (decision, error) {
	if s.Shipments < 0 {
		return decision{State: s}, nil
	}
	return ship(s, in)
}

func (w *warehouse) mustErase(tb tester) {
	tb.Helper()
	if err := w.Erase(tb.Context(), "o-1", tombstone); err != nil {
		tb.Fatal(err)
	}
}

// assertTombstone checks that nothing but a tombstone is left after so many
// commits, and that the stock is as if nothing had ever been shipped.
func (w *warehouse) assertTombstone(tb tester, commits int64, erasedAt time.Time) {
	tb.Helper()
	_, record, err := w.Load(tb.Context(), "o-1")
	if err != nil {
		tb.Fatal(err)
	}
	want := participant.Record{
		Subject: "o-1", Owner: contract.SourceWarehouse, Version: commits, State: []byte(`{"Shipments":-1,"Refused":null}`), Erased: true,
		ExpiresAt: erasedAt.Add(retention + time.Hour),
	}
	if diff := cmp.Diff(want, record); diff != "" {
		tb.Errorf("the record (-want +got):\n%s", diff)
	}
	counters, err := w.store.Counters(tb.Context(), stock)
	if err != nil {
		tb.Fatal(err)
	}
	if counters["on_hand"] != 100 || counters["shipped"] != 0 {
		tb.Errorf("the stock is %v", counters)
	}
}

func TestErasingLeavesATombstoneThatIgnoresEveryEvent(t *testing.T) {
	w := newWarehouse(t, shipUnlessErased)
	handled := w.placed(t, "e-1")
	w.mustHandle(t, handled)
	before := encoded(t, w.publisher.Published())
	erasedAt := w.clock()
	w.mustErase(t)
	w.assertTombstone(t, 2, erasedAt)
	published := len(w.publisher.Published())
	if diff := cmp.Diff(before, encoded(t, w.publisher.Published()[len(before):])); diff != "" {
		t.Errorf("the events of the record (-) and those published before the erasure (+):\n%s", diff)
	}

	w.wait(time.Minute)
	for _, e := range []event.Event{handled, w.placed(t, "e-2")} {
		w.mustHandle(t, e)
	}
	w.assertTombstone(t, 2, erasedAt)
	if got := len(w.publisher.Published()); got != published {
		t.Errorf("%d events are published after the erasure", got-published)
	}
}

func TestADecisionAboutAnErasedSubjectIsNeitherWrittenNorPublished(t *testing.T) {
	w := newWarehouse(t, ship)
	erasedAt := w.clock()
	w.mustErase(t)
	w.mustHandle(t, w.placed(t, "e-1"))
	w.assertTombstone(t, 1, erasedAt)
	if got := w.publisher.Published(); len(got) != 0 {
		t.Errorf("published are %v", got)
	}
}

func TestACommandAboutAnErasedSubjectIsAnsweredByTheDecision(t *testing.T) {
	errErased := errors.New("erased")
	w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) { return decision{State: s}, errErased })
	w.mustErase(t)
	command := event.Event{ID: "c-1", Source: "test", Type: "ship", Subject: "o-1", CorrelationID: "c-1"}
	if _, err := w.Execute(t.Context(), command, contract.CancellationRefused{}); !errors.Is(err, errErased) {
		t.Errorf("the error is %v", err)
	}
}

func TestASubjectWithoutARecordGetsATombstone(t *testing.T) {
	w := newWarehouse(t, shipUnlessErased)
	w.mustErase(t)
	w.assertTombstone(t, 1, w.clock())
}

func TestErasingAgainChangesNothing(t *testing.T) {
	w := newWarehouse(t, shipUnlessErased)
	w.mustHandle(t, w.placed(t, "e-1"))
	erasedAt := w.clock()
	w.mustErase(t)
	w.wait(time.Hour)
	w.mustErase(t)
	w.assertTombstone(t, 2, erasedAt)
}

func TestAnErasedRecordIsNoLongerDue(t *testing.T) {
	at := time.Date(2026, 3, 4, 6, 6, 7, 0, time.UTC)
	w := newWarehouse(t, shipUnlessErased, func(c *participant.Config[state]) { c.Due = func(state) time.Time { return at } })
	w.mustHandle(t, w.placed(t, "e-1"))
	w.mustErase(t)
	if due, err := w.store.Due(t.Context(), at.AddDate(1, 0, 0), 10); err != nil || len(due) != 0 {
		t.Errorf("due are %v, %v", due, err)
	}
}

// An event that was published right before the erasure, by a clock that is ahead by
// almost the margin, is accepted until its own time plus the retention. The tombstone
// is kept for at least as long.
func TestATombstoneOutlivesEveryEventThatIsStillAccepted(t *testing.T) {
	w := newWarehouse(t, shipUnlessErased)
	ahead := w.placed(t, "e-1")
	ahead.Time = ahead.Time.Add(time.Hour - time.Second)
	w.mustErase(t)
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	w.wait(record.ExpiresAt.Sub(w.clock()))
	if err := w.Handle(t.Context(), ahead); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("when the tombstone expires the error is %v, and not that the event is too old", err)
	}
}

func TestAnErasureThatFailsIsCompletedByTheNext(t *testing.T) {
	for name, fail := range map[string]func(w *warehouse){
		"loading":           func(w *warehouse) { w.store.load = func() error { return errBroken } },
		"publishing":        func(w *warehouse) { w.breakPublisher() },
		"before the commit": func(w *warehouse) { w.store.before = once(always) },
		"after the commit":  func(w *warehouse) { w.store.after = once(always) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, shipUnlessErased)
			w.mustHandle(t, w.placed(t, "e-1"))
			erasedAt := w.clock()
			fail(w)
			if err := w.Erase(t.Context(), "o-1", tombstone); !errors.Is(err, errBroken) {
				t.Fatalf("the error is %v", err)
			}
			w.heal()
			w.mustErase(t)
			w.assertTombstone(t, 2, erasedAt)
		})
	}
}

func TestAnErasureThatLosesARaceErasesTheNewRecord(t *testing.T) {
	w := newWarehouse(t, shipUnlessErased)
	rival := w.rival(t)
	erasedAt := w.clock()
	w.store.before = func(commit int) error {
		if commit == 1 {
			return rival.Handle(t.Context(), w.placed(t, "e-rival"))
		}
		return nil
	}
	w.mustErase(t)
	w.assertTombstone(t, 2, erasedAt)

	w.store.before = func(int) error { return participant.ErrConflict }
	if err := w.Erase(t.Context(), "o-2", tombstone); !errors.Is(err, participant.ErrConflict) {
		t.Errorf("after too many lost races the error is %v", err)
	}
}

func TestAnInterruptedPauseEndsTheErasure(t *testing.T) {
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Pause = func(context.Context, int) error { return context.DeadlineExceeded }
	})
	w.store.before = func(int) error { return participant.ErrConflict }
	if err := w.Erase(t.Context(), "o-1", tombstone); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error %v is not both the conflict and the error of the pause", err)
	}
	assertCalls(t, w, 1, 1, 0)
}

func TestATombstoneThatCannotBeEncodedIsAnError(t *testing.T) {
	store := memory.NewStore()
	p, err := participant.New(participant.Config[float64]{
		Source: "till", Decide: participant.Pure(func(float64, participant.Input) (participant.Decision[float64], error) {
			return participant.Decision[float64]{}, nil
		}),
		Store: store, Publisher: &memory.Publisher{}, Language: dialect{}, Retention: retention,
	})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Erase(t.Context(), "o-1", func(float64) (float64, []participant.Adjustment, error) { return math.NaN(), nil, nil })
	if err == nil || !strings.Contains(err.Error(), "encode the tombstone") || len(store.Records()) != 0 {
		t.Errorf("the error is %v, and the records are %v", err, store.Records())
	}
}

func TestASagaThatHasNotEndedIsNotErased(t *testing.T) {
	errUnfinished := errors.New("unfinished")
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	err := w.Erase(t.Context(), "o-1", func(s state) (state, []participant.Adjustment, error) { return s, nil, errUnfinished })
	if !errors.Is(err, errUnfinished) || err.Error() != "warehouse erases o-1: unfinished" {
		t.Errorf("the error is %v", err)
	}
	w.assertShipments(t, 1)
}

func TestATombstoneThatTakesMoreThanThereIsIsNotCommitted(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	takeAll := []participant.Adjustment{{Item: stock, Add: map[string]int64{"shipped": -1}}}
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "other", State: []byte("{}")}, takeAll); err != nil {
		t.Fatal(err)
	}
	err := w.Erase(t.Context(), "o-1", tombstone)
	if _, refused := errors.AsType[*participant.RefusedError](err); !refused {
		t.Errorf("the error is %v, and not a refusal", err)
	}
	for name, wrong := range map[string][]participant.Adjustment{
		"no item": {{Add: map[string]int64{"on_hand": 1}}}, "no counter": {{Item: stock}},
	} {
		err := w.Erase(t.Context(), "o-1", func(s state) (state, []participant.Adjustment, error) { return s, wrong, nil })
		if !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, record, err := w.Load(t.Context(), "o-1"); err != nil || record.Erased {
		t.Errorf("it is erased, %v", err)
	}
}
