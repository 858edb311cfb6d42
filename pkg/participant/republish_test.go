package participant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// breakPublisher makes the publisher fail before the first event of a call.
func (w *warehouse) breakPublisher() {
	w.publisher.before = func(int) error { return errBroken }
}

func TestACommitWithoutItsEventsPublishedIsErrUnpublished(t *testing.T) {
	w := newWarehouse(t, ship)
	w.breakPublisher()
	cause := w.placed(t, "e-1")
	for _, attempt := range []string{"the first time", "again"} {
		if err := w.Handle(t.Context(), cause); !errors.Is(err, participant.ErrUnpublished) || !errors.Is(err, errBroken) {
			t.Errorf("%s the error is %v", attempt, err)
		}
	}
	w.heal()
	w.store.before = func(int) error { return errBroken }
	if err := w.Handle(t.Context(), w.placed(t, "e-2")); !errors.Is(err, errBroken) || errors.Is(err, participant.ErrUnpublished) {
		t.Errorf("without a commit the error is %v", err)
	}
}

func TestACommandWithoutItsEventsPublishedReturnsTheStateAfterIt(t *testing.T) {
	w := newWarehouse(t, ship)
	w.breakPublisher()
	command := w.placed(t, "command-1")
	data, err := w.language.Decode(command)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Execute(t.Context(), command, data)
	if !errors.Is(err, participant.ErrUnpublished) || got.Shipments != 1 {
		t.Errorf("the state is %+v, the error %v", got, err)
	}
}

func TestRepublishPublishesTheSameEventsAndWritesNothing(t *testing.T) {
	w := newWarehouse(t, ship)
	w.breakPublisher()
	for _, id := range []string{"e-1", "e-2"} {
		if err := w.Handle(t.Context(), w.placed(t, id)); !errors.Is(err, participant.ErrUnpublished) {
			t.Fatal(err)
		}
	}
	w.heal()
	w.wait(time.Minute)
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	commits := w.store.commits
	if err := w.Republish(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, handled := range record.Handled {
		want = append(want, encoded(t, handled.Published)...)
	}
	if diff := cmp.Diff(want, encoded(t, w.publisher.Published())); diff != "" || len(want) != 4 {
		t.Errorf("what is committed (-) and published (+):\n%s", diff)
	}
	if w.store.commits != commits {
		t.Errorf("%d commits were made", w.store.commits-commits)
	}
}

func TestAFailureToRepublishIsErrUnpublished(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	w.breakPublisher()
	if err := w.Republish(t.Context(), record); !errors.Is(err, participant.ErrUnpublished) || !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheFirstEventOfARecordIsTheFirstThatWasPublished(t *testing.T) {
	handled := []participant.Handled{{}, {Published: []event.Event{{ID: "1"}, {ID: "2"}}}, {Published: []event.Event{{ID: "3"}}}}
	for n, want := range []string{"", "", "1", "1"} {
		if first := (participant.Record{Handled: handled[:n]}).First(); first.ID != want {
			t.Errorf("of %d handled events it is %q, not %q", n, first.ID, want)
		}
	}
}

func TestRepublishOfAnEmptyRecordPublishesNothing(t *testing.T) {
	w := newWarehouse(t, ship)
	w.breakPublisher()
	if err := w.Republish(t.Context(), participant.Record{Subject: "o-1"}); err != nil {
		t.Errorf("the error is %v", err)
	}
}
