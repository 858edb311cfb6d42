package simulation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/sweeper"
	"example.com/saga/services/order/sweep"
)

// sweeping is the component name of the order context's sweeper.
const sweeping = sweep.Source

// Due implements sweeper.Index.
func (s *store) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	if s.world.dead {
		return nil, errCrashed
	}
	if s.world.outage.isAway(s.world) {
		return nil, errNoResponse
	}
	return s.Store.Due(ctx, by, limit)
}

// sweeper returns the task of one run of the sweeper.
func (w *world) sweeper() *task {
	config := sweep.Config(w.deadline)
	config.Sagas, config.Index, config.Logger = w.orderContext, w.stores[contract.SourceOrder], slog.New(slog.DiscardHandler)
	config.Clock = func() time.Time { return w.clock(sweeping) }
	config.Random = func() float64 { return 0 }
	s, err := sweeper.New(config)
	if err != nil {
		panic(err)
	}
	return &task{component: sweeping, event: event.Event{Type: "a sweep", Subject: "all orders"}, run: s.Sweep}
}

// sweep runs the sweeper once, and reports whether it succeeded. The next run does what
// this one could not.
func (w *world) sweep(ctx context.Context, planned fault) bool {
	t := w.sweeper()
	entry, waiting := len(w.log), len(w.pending)
	w.log = append(w.log, t.String())
	err := w.run(planned, []*task{t}, func() []error { return []error{t.run(ctx)} })[0]
	if err == nil {
		if didNothing := len(w.pending) == waiting && len(w.log) == entry+1; didNothing {
			w.log = w.log[:entry]
		}
		return true
	}
	w.log[entry] += ": " + err.Error()
	w.failures[sweeping] = append(w.failures[sweeping], w.now)
	if !errors.Is(err, errCrashed) && !errors.Is(err, errNoResponse) {
		w.stuck = append(w.stuck, t)
	}
	return false
}
