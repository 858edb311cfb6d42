package participant_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/saga/pkg/event"
)

// Deliveries come in any order, any number of times, with the clock going on,
// and crash anywhere. At last each event is delivered to a healthy participant,
// as a queue does.
func TestAnyScheduleOfCrashesAndRedeliveriesHasOneEffectPerEvent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWarehouse(t, ship)
		causes := make([]event.Event, 4)
		for n := range causes {
			causes[n] = w.placed(t, fmt.Sprintf("e-%d", n))
		}
		for range rapid.IntRange(0, 30).Draw(rt, "deliveries") {
			cause := rapid.SampledFrom(causes).Draw(rt, "event")
			w.mend()
			if n := rapid.IntRange(0, len(crashes())).Draw(rt, "crash"); n < len(crashes()) {
				crashes()[n].prepare(w)
			}
			if err := w.Handle(t.Context(), cause); err != nil && !errors.Is(err, errBroken) {
				rt.Fatal(err)
			}
			w.wait(time.Duration(rapid.IntRange(0, int(time.Hour)).Draw(rt, "time")))
		}
		w.mend()
		for _, cause := range causes {
			w.mustHandle(rt, cause)
		}
		w.assertShipments(rt, len(causes))
		if ids := assertOneContentPerID(rt, w.publisher.Published()); len(ids) != 2*len(causes) {
			rt.Errorf("%d different events are published", len(ids))
		}
	})
}
