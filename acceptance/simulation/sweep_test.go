package simulation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order/sweeper"
)

// sweeping stands for the order context's sweeper.
const sweeping = "order/sweeper"

// Due implements sweeper.Index.
func (s *store) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	if s.world.dead {
		return nil, errDied
	}
	return s.Store.Due(ctx, by, limit)
}

// sweep runs the sweeper once. What it could not do waits for the next time. It
// tells whether it did what it wanted.
func (w *world) sweep(ctx context.Context, planned fault) bool {
	s, err := sweeper.New(sweeper.Config{
		Orders: w.orderContext, Index: w.stores[contract.SourceOrder], Logger: slog.New(slog.DiscardHandler),
		Clock: func() time.Time { return w.clock(sweeping) }, Deadline: deadline,
		Random: func() float64 { return 0 },
	})
	if err != nil {
		panic(err)
	}
	t := &task{who: sweeping, event: event.Event{Type: "a sweep", Subject: "all orders"}, run: s.Sweep}
	told, waiting := len(w.story), len(w.pending)
	err = w.run(ctx, t, planned)
	if err == nil {
		if didNothing := len(w.pending) == waiting && len(w.story) == told+1; didNothing {
			w.story = w.story[:told]
		}
		return true
	}
	w.story[told] += ": " + err.Error()
	if !errors.Is(err, errDied) && !errors.Is(err, errUnanswered) {
		w.stuck = append(w.stuck, t)
	}
	return false
}
