package participant_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// effectOf makes an event that was caused by another one.
func (w *warehouse) effectOf(tb tester, cause event.Event, id string) event.Event {
	tb.Helper()
	e := w.placed(tb, id)
	e.CausationID = cause.ID
	return e
}

// kept returns the types of the events in the record whose data is kept.
func kept(t *testing.T, w *warehouse) []string {
	t.Helper()
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, handled := range record.Handled {
		for _, e := range handled.Published {
			if e.Data != nil {
				types = append(types, handled.ID+" "+e.Type)
			}
		}
	}
	return types
}

func TestTheDataOfAnEventIsKeptUntilAnEffectOfItHasComeBack(t *testing.T) {
	w := newWarehouse(t, ship)
	first := w.placed(t, "e-1")
	w.mustHandle(t, first)
	published := w.publisher.Published()
	w.mustHandle(t, w.effectOf(t, event.Event{ID: "unknown"}, "e-2"))
	want := []string{"e-1 warehouse.stock-reserved", "e-1 warehouse.order-shipped", "e-2 warehouse.stock-reserved", "e-2 warehouse.order-shipped"}
	if diff := cmp.Diff(want, kept(t, w)); diff != "" {
		t.Errorf("after the effect of another event:\n%s", diff)
	}
	w.mustHandle(t, w.effectOf(t, published[1], "e-3"))
	want = []string{
		"e-1 warehouse.stock-reserved", "e-2 warehouse.stock-reserved", "e-2 warehouse.order-shipped",
		"e-3 warehouse.stock-reserved", "e-3 warehouse.order-shipped",
	}
	if diff := cmp.Diff(want, kept(t, w)); diff != "" {
		t.Errorf("after the effect of the second event:\n%s", diff)
	}
	w.mustHandle(t, w.effectOf(t, w.publisher.Published()[2], "e-4"))
	want = []string{
		"e-1 warehouse.stock-reserved", "e-2 warehouse.order-shipped", "e-3 warehouse.stock-reserved", "e-3 warehouse.order-shipped",
		"e-4 warehouse.stock-reserved", "e-4 warehouse.order-shipped",
	}
	if diff := cmp.Diff(want, kept(t, w)); diff != "" {
		t.Errorf("after the effect of an event of the second one:\n%s", diff)
	}
}

func TestAnEventOfWhichAnEffectHasComeBackIsNotPublishedAgain(t *testing.T) {
	w := newWarehouse(t, ship)
	first := w.placed(t, "e-1")
	w.mustHandle(t, first)
	published := w.publisher.Published()
	w.mustHandle(t, w.effectOf(t, published[1], "e-2"))
	before := w.publisher.Published()
	w.mustHandle(t, first)
	want := append(encoded(t, before), encoded(t, published[:1])...)
	if diff := cmp.Diff(want, encoded(t, w.publisher.Published())); diff != "" {
		t.Errorf("handled again:\n%s", diff)
	}

	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Republish(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	want = append(append(want, encoded(t, published[:1])...), encoded(t, before[2:])...)
	if diff := cmp.Diff(want, encoded(t, w.publisher.Published())); diff != "" {
		t.Errorf("republished:\n%s", diff)
	}
}

func TestACommandDropsNoData(t *testing.T) {
	w := newWarehouse(t, ship)
	command := w.placed(t, "command-1")
	data, err := w.language.Decode(command)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"command-1", "command-2"} {
		command.ID = id
		if _, err := w.Execute(t.Context(), command, data); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(kept(t, w)); n != 4 {
		t.Errorf("the data of %d events is kept", n)
	}
}

func TestARecordThatWasLoadedIsNotChangedByWhatIsHandledLater(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	store := loaded{w.store, record}
	rival := w.config
	rival.Store = store
	p, err := participant.New(rival)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Handle(t.Context(), w.effectOf(t, w.publisher.Published()[0], "e-2")); err != nil {
		t.Fatal(err)
	}
	if record.Handled[0].Published[0].Data == nil {
		t.Error("its data is dropped")
	}
}
