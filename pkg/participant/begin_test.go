package participant_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// beginning declares that order.placed begins a record.
func beginning(c *participant.Config[state]) { c.Begins = []event.Data{contract.OrderPlaced{}} }

// assertCalls checks how often the store was called, and how often there was a pause.
func assertCalls(t *testing.T, w *warehouse, loads, commits, pauses int) {
	t.Helper()
	if w.store.loads != loads || w.store.commits != commits || len(w.pauses) != pauses {
		t.Errorf("%d loads, %d commits, %d pauses; expected are %d, %d and %d", w.store.loads, w.store.commits, len(w.pauses), loads, commits, pauses)
	}
}

func TestOnlyAnEventThatBeginsARecordIsCommittedWithoutALoad(t *testing.T) {
	for loads, begins := range [][]event.Data{
		{contract.CancellationRequested{}, contract.OrderPlaced{}},
		{contract.CancellationRequested{}},
	} {
		w := newWarehouse(t, ship, func(c *participant.Config[state]) { c.Begins = begins })
		w.mustHandle(t, w.placed(t, "e-1"))
		assertCalls(t, w, loads, 1, 0)
		w.assertShipments(t, 1)
	}
}

func TestABeginningThatMeetsARecordIsDecidedOnAgainWithoutALoadOrAPause(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	w.mustHandle(t, w.placed(t, "e-1"))
	w.mustHandle(t, w.placed(t, "e-2"))
	assertCalls(t, w, 0, 3, 0)
	w.assertShipments(t, 2)
}

func TestADuplicateOfABeginningPublishesTheSameAgainAndWritesNothing(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	first := encoded(t, w.publisher.Published())
	w.wait(time.Hour)
	w.mustHandle(t, cause)
	assertCalls(t, w, 0, 2, 0)
	w.assertShipments(t, 1)
	if diff := cmp.Diff(append(first, first...), encoded(t, w.publisher.Published())); diff != "" {
		t.Error(diff)
	}
}

func TestABeginningWithOtherContentIsInvalid(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	w.mustHandle(t, w.placed(t, "e-1"))
	other := w.placed(t, "e-1")
	other.Data = []byte(`{"gift":true,` + string(other.Data[1:]))
	if err := w.Handle(t.Context(), other); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	w.assertShipments(t, 1)
}

func TestAnErrorThatWasDecidedOnAGuessedRecordIsNotFinal(t *testing.T) {
	for name, c := range map[string]struct {
		decided decision
		failure error
		want    error
		// commits are tried on an empty record.
		commits int
	}{
		"invalid":           {failure: event.ErrInvalid, want: event.ErrInvalid},
		"another":           {failure: errBroken, want: errBroken},
		"an invalid commit": {decided: decision{Adjustments: []participant.Adjustment{{Item: stock}}}, want: event.ErrInvalid, commits: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
				if s.Shipments == 0 {
					return c.decided, c.failure
				}
				return ship(s, in)
			}, beginning)
			if err := w.Handle(t.Context(), w.placed(t, "e-0")); !errors.Is(err, c.want) {
				t.Errorf("without a record the error is %v", err)
			}
			assertCalls(t, w, 1, 2*c.commits, 0) // Guessed and loaded.
			w.store.loads, w.store.commits = 0, 0
			shipped := participant.Record{Subject: "o-1", State: []byte(`{"Shipments":1}`)}
			if err := w.store.Store.Commit(t.Context(), shipped, nil); err != nil {
				t.Fatal(err)
			}
			w.mustHandle(t, w.placed(t, "e-1"))
			assertCalls(t, w, 1, c.commits+1, 0)
		})
	}
}

func TestAPanicOnAGuessedRecordIsNotFinal(t *testing.T) {
	w := newWarehouse(t, func(s state, in participant.Input) (decision, error) {
		if s.Shipments == 0 {
			panic("out of cheese")
		}
		return ship(s, in)
	}, beginning)
	shipped := participant.Record{Subject: "o-1", State: []byte(`{"Shipments":1}`)}
	if err := w.store.Store.Commit(t.Context(), shipped, nil); err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	assertCalls(t, w, 1, 1, 0)
	unknown := w.placed(t, "e-2")
	unknown.Subject = "o-2"
	if err := w.Handle(t.Context(), unknown); err == nil {
		t.Error("without a record the panic is no error")
	}
}

func TestABeginningThatIsRefusedIsDecidedOnAgainWithoutALoad(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	takeAll := []participant.Adjustment{{Item: stock, Add: map[string]int64{"on_hand": -100}}}
	if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "other", State: []byte("{}")}, takeAll); err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	assertCalls(t, w, 0, 2, 0)
	if published := w.publisher.Published(); len(published) != 1 || published[0].Type != "warehouse.stock-unavailable" {
		t.Errorf("published: %v", encoded(t, published))
	}
}

// A store need not return the record that stands.
func TestABeginningThatMeetsAnUnknownRecordIsDecidedOnAfterAPauseAndALoad(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	w.mustHandle(t, w.placed(t, "e-1"))
	w.store.before = func(commit int) error {
		if commit == 2 {
			return participant.ErrConflict
		}
		return nil
	}
	w.mustHandle(t, w.placed(t, "e-2"))
	assertCalls(t, w, 1, 3, 1)
	w.assertShipments(t, 2)
}

func TestABeginningAboutAnErasedSubjectHasNoEffect(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	tombstone := func(state) (state, []participant.Adjustment, error) { return state{}, nil, nil }
	if err := w.Erase(t.Context(), "o-1", tombstone); err != nil {
		t.Fatal(err)
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	if published := w.publisher.Published(); len(published) != 0 {
		t.Errorf("published: %v", encoded(t, published))
	}
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil || !record.Erased || record.Version != 1 {
		t.Errorf("the record is %+v, %v", record, err)
	}
}

func TestACommandThatBeginsARecordIsExecutedOnceWithoutALoad(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	command := w.placed(t, "command-1")
	data, err := w.language.Decode(command)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := w.Execute(t.Context(), command, data)
		if err != nil || got.Shipments != 1 {
			t.Errorf("the state is %+v, the error %v", got, err)
		}
	}
	assertCalls(t, w, 0, 2, 0)
	w.assertShipments(t, 1)
}

func TestACrashOfABeginningAndARedeliveryHaveOneEffect(t *testing.T) {
	checkTwoCrashes(t, crashes()[1:], beginning) // Nothing is loaded.
}

func TestOneBeginningHandledManyTimesAtOnceHasOneEffect(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	events := make([]event.Event, racers)
	for n := range events {
		events[n] = w.placed(t, "e-1")
	}
	race(t, w, events)
	w.assertShipments(t, 1)
}

func TestManyBeginningsOfOneSubjectAtOnceHaveOneEffectEach(t *testing.T) {
	w := newWarehouse(t, ship, beginning)
	events := make([]event.Event, 4)
	for n := range events {
		events[n] = w.placed(t, fmt.Sprintf("e-%d", n))
	}
	race(t, w, events)
	w.assertShipments(t, len(events))
}

func TestALoadedStateIsUpgraded(t *testing.T) {
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Upgrade = func(s state, record participant.Record) (state, error) {
			if record.Subject == "o-2" {
				return s, errBroken
			}
			s.Shipments += 10
			return s, nil
		}
	})
	for _, subject := range []string{"o-1", "o-2"} {
		if err := w.store.Store.Commit(context.Background(), participant.Record{Subject: subject, State: []byte(`{"Shipments":1}`)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.mustHandle(t, w.placed(t, "e-1"))
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil || string(record.State) != `{"Shipments":12,"Refused":null}` {
		t.Errorf("the state is %s, %v", record.State, err)
	}
	other := w.placed(t, "e-2")
	other.Subject = "o-2"
	if err := w.Handle(t.Context(), other); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}
