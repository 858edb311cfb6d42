package participant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// crash is a step that fails, as if the process stopped or the network failed at that
// moment.
type crash struct {
	name string
	// prepare makes the step fail the first time.
	prepare func(w *warehouse)
}

// once returns a function that fails at the first match only.
func once(matches func(n int) bool) func(n int) error {
	failed := false
	return func(n int) error {
		if failed || !matches(n) {
			return nil
		}
		failed = true
		return errBroken
	}
}

func always(int) bool { return true }

func crashes() []crash {
	atEvent := func(n int) func(w *warehouse) {
		return func(w *warehouse) { w.publisher.before = once(func(at int) bool { return at == n }) }
	}
	return []crash{
		{"loading", func(w *warehouse) {
			fail := once(always)
			w.store.load = func() error { return fail(0) }
		}},
		{"before the commit", func(w *warehouse) { w.store.before = once(always) }},
		{"after the commit", func(w *warehouse) { w.store.after = once(always) }},
		{"before publishing", atEvent(0)},
		{"between publishing the first event and the second", atEvent(1)},
		{"after publishing, before the acknowledgement", atEvent(2)},
	}
}

// heal removes all faults.
func (w *warehouse) heal() {
	w.store.load, w.store.before, w.store.after, w.publisher.before = nil, nil, nil, nil
}

// assertOneEffect checks that the cause had its effect once.
func assertOneEffect(t *testing.T, w *warehouse, cause event.Event) {
	t.Helper()
	w.assertShipments(t, 1)
	want := []string{
		event.DeriveID(cause.Source, cause.ID, "warehouse.stock-reserved", "0"),
		event.DeriveID(cause.Source, cause.ID, "warehouse.order-shipped", "1"),
	}
	ids := assertOneContentPerID(t, w.publisher.Published())
	if diff := cmp.Diff(map[string]bool{want[0]: true, want[1]: true}, set(ids)); diff != "" {
		t.Errorf("the ids that are expected (-) and published (+):\n%s", diff)
	}
}

func set(ids []string) map[string]bool {
	s := make(map[string]bool)
	for _, id := range ids {
		s[id] = true
	}
	return s
}

func TestACrashAndARedeliveryHaveOneEffect(t *testing.T) {
	for _, c := range crashes() {
		t.Run(c.name, func(t *testing.T) {
			w := newWarehouse(t, ship)
			cause := w.placed(t, "e-1")
			c.prepare(w)
			if err := w.Handle(t.Context(), cause); !errors.Is(err, errBroken) || errors.Is(err, event.ErrInvalid) {
				t.Fatalf("the error is %v, want one after which the event is delivered again", err)
			}
			w.wait(time.Minute)
			w.mustHandle(t, cause)
			assertOneEffect(t, w, cause)
		})
	}
}

func TestTwoCrashesAndARedeliveryHaveOneEffect(t *testing.T) {
	checkTwoCrashes(t, crashes())
}

// checkTwoCrashes checks the effect of an event after one of the first crashes, then any
// other one, and a redelivery.
func checkTwoCrashes(t *testing.T, firsts []crash, adapt ...func(*participant.Config[state])) {
	t.Helper()
	for _, first := range firsts {
		for _, second := range crashes() {
			t.Run(first.name+", then "+second.name, func(t *testing.T) {
				w := newWarehouse(t, ship, adapt...)
				cause := w.placed(t, "e-1")
				for _, c := range []crash{first, second} {
					w.heal()
					c.prepare(w)
					if err := w.Handle(t.Context(), cause); err != nil && !errors.Is(err, errBroken) {
						t.Fatal(err)
					}
					w.wait(time.Minute)
				}
				w.heal()
				w.mustHandle(t, cause)
				assertOneEffect(t, w, cause)
			})
		}
	}
}

func TestAfterAFailureToPublishARedeliveryPublishesTheSameEvents(t *testing.T) {
	w := newWarehouse(t, ship)
	cause := w.placed(t, "e-1")
	w.publisher.before = func(n int) error {
		if n == 1 {
			return errBroken
		}
		return nil
	}
	if err := w.Handle(t.Context(), cause); !errors.Is(err, errBroken) {
		t.Fatalf("the error is %v", err)
	}
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	committed := encoded(t, record.Handled[0].Published)

	w.heal()
	w.wait(time.Minute)
	w.mustHandle(t, cause)
	want := append([]string{committed[0]}, committed...)
	if diff := cmp.Diff(want, encoded(t, w.publisher.Published())); diff != "" {
		t.Error(diff)
	}
}
