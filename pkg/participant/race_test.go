package participant_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

const racers = 20

// race handles all events at the same time, each again after a conflict, as a queue
// delivers it again.
func race(t *testing.T, w *warehouse, events []event.Event) {
	t.Helper()
	var group sync.WaitGroup
	start := make(chan struct{})
	for _, e := range events {
		group.Go(func() {
			<-start
			err := w.Handle(t.Context(), e)
			for errors.Is(err, participant.ErrConflict) {
				err = w.Handle(t.Context(), e)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
}

func TestOneEventHandledManyTimesAtOnceHasOneEffect(t *testing.T) {
	w := newWarehouse(t, ship)
	events := make([]event.Event, racers)
	for n := range events {
		events[n] = w.placed(t, "e-1")
	}
	race(t, w, events)
	assertOneEffect(t, w, events[0])
	if published := w.publisher.Published(); len(published) != 2*racers {
		t.Errorf("%d events are published", len(published))
	}
}

func TestManyEventsOfOneSubjectAtOnceHaveOneEffectEach(t *testing.T) {
	w := newWarehouse(t, ship)
	events := make([]event.Event, racers)
	for n := range events {
		events[n] = w.placed(t, fmt.Sprintf("e-%d", n))
	}
	race(t, w, events)
	w.assertShipments(t, racers)
	if ids := assertOneContentPerID(t, w.publisher.Published()); len(ids) != 2*racers {
		t.Errorf("%d different events are published", len(ids))
	}
}

func TestThePauseDoublesWithEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := participant.Jitter(func() float64 { return 0.5 })
		for n, want := range map[int]time.Duration{1: 5 * time.Millisecond, 2: 10 * time.Millisecond, 7: 320 * time.Millisecond} {
			began := time.Now()
			if err := pause(t.Context(), n); err != nil {
				t.Error(err)
			}
			if got := time.Since(began); got != want {
				t.Errorf("pause %d took %s, not %s", n, got, want)
			}
		}
	})
}

func TestThePauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		began := time.Now()
		if err := participant.Jitter(func() float64 { return 0.999 })(ctx, 7); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(began); took != time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAPauseLongerThanTheTimeLeftFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := participant.Jitter(func() float64 { return 0.5 })
		for left, want := range map[time.Duration]error{
			time.Millisecond:                     context.DeadlineExceeded,
			5 * time.Millisecond:                 context.DeadlineExceeded,
			5*time.Millisecond + time.Nanosecond: nil,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			began := time.Now()
			if err := pause(ctx, 1); !errors.Is(err, want) {
				t.Errorf("with %s left the error is %v", left, err)
			}
			if took := time.Since(began); want != nil && took != 0 {
				t.Errorf("with %s left it took %s", left, took)
			}
			cancel()
		}
	})
}
