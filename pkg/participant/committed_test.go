package participant_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// counting makes a warehouse that notes each call of Committed: the event, and the
// shipments before and after it.
func counting(t *testing.T) (*warehouse, *[]string) {
	t.Helper()
	var mu sync.Mutex
	var commits []string
	w := newWarehouse(t, ship, func(c *participant.Config[state]) {
		c.Committed = func(_ context.Context, before, after state, in participant.Input) {
			mu.Lock()
			defer mu.Unlock()
			commits = append(commits, fmt.Sprintf("%s: %d to %d", in.Event.ID, before.Shipments, after.Shipments))
		}
	})
	return w, &commits
}

func assertCommitted(t *testing.T, commits []string, want ...string) {
	t.Helper()
	if !slices.Equal(commits, want) {
		t.Errorf("called for %q, want %q", commits, want)
	}
}

func TestCommittedIsCalledOncePerCommitAndNeverForADuplicate(t *testing.T) {
	w, commits := counting(t)
	for _, id := range []string{"e-1", "e-1", "e-2", "e-1", "e-2"} {
		w.mustHandle(t, w.placed(t, id))
	}
	assertCommitted(t, *commits, "e-1: 0 to 1", "e-2: 1 to 2")
}

func TestCommittedIsCalledAlthoughTheEventsCannotBePublished(t *testing.T) {
	w, commits := counting(t)
	cause := w.placed(t, "e-1")
	w.publisher.before = func(int) error { return errBroken }
	if err := w.Handle(t.Context(), cause); err == nil {
		t.Fatal("it is published")
	}
	w.publisher.before = nil
	w.mustHandle(t, cause)
	assertCommitted(t, *commits, "e-1: 0 to 1")
}

func TestCommittedIsCalledOnceForAnEventHandledManyTimesAtOnce(t *testing.T) {
	w, commits := counting(t)
	events := make([]event.Event, racers)
	for n := range events {
		events[n] = w.placed(t, "e-1")
	}
	race(t, w, events)
	assertCommitted(t, *commits, "e-1: 0 to 1")
}

// A state is upgraded four times: for the decision, to check the new one, and for Committed.
func TestCommittedIsNotCalledWithoutItsStates(t *testing.T) {
	for _, broken := range []int{3, 4} {
		upgrades := 0
		w := newWarehouse(t, ship, func(c *participant.Config[state]) {
			c.Upgrade = func(s state, _ participant.Record) (state, error) {
				if upgrades++; upgrades == broken {
					return state{}, errBroken
				}
				return s, nil
			}
			c.Committed = func(context.Context, state, state, participant.Input) { t.Error("it is called") }
		})
		if err := w.store.Store.Commit(t.Context(), participant.Record{Subject: "o-1", State: []byte("{}")}, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, errBroken) {
			t.Errorf("the error is %v", err)
		}
		w.mustHandle(t, w.placed(t, "e-1"))
		if published := len(w.publisher.Published()); published != 2 {
			t.Errorf("%d events are published", published)
		}
	}
}

func TestCommittedIsNotCalledForACommitThatFails(t *testing.T) {
	w, commits := counting(t)
	w.store.before = func(int) error { return errBroken }
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); err == nil {
		t.Fatal("it is committed")
	}
	assertCommitted(t, *commits)
}
