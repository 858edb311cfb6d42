package participant_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/saga/pkg/event"
)

// Events are delivered in any order and any number of times, with crashes at any
// step, while the clock moves on. At the end each event is delivered once without a
// fault, as a queue does.
func TestAnyScheduleOfCrashesAndRedeliveriesHasOneEffectPerEvent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWarehouse(t, ship)
		causes := make([]event.Event, 4)
		for n := range causes {
			causes[n] = w.placed(t, fmt.Sprintf("e-%d", n))
		}
		for range rapid.IntRange(0, 30).Draw(rt, "deliveries") {
			cause := rapid.SampledFrom(causes).Draw(rt, "event")
			w.heal()
			if n := rapid.IntRange(0, len(crashes())).Draw(rt, "crash"); n < len(crashes()) {
				crashes()[n].prepare(w)
			}
			if err := w.Handle(t.Context(), cause); err != nil && !errors.Is(err, errBroken) {
				rt.Fatal(err)
			}
			w.wait(time.Duration(rapid.IntRange(0, int(time.Hour)).Draw(rt, "time")))
		}
		w.heal()
		for _, cause := range causes {
			w.mustHandle(rt, cause)
		}
		w.assertShipments(rt, len(causes))
		if ids := assertOneContentPerID(rt, w.publisher.Published()); len(ids) != 2*len(causes) {
			rt.Errorf("%d different events are published", len(ids))
		}
	})
}
