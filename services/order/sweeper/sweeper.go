// Package sweeper looks after the orders that have not ended: it says again
// what may never have been said, asks for the cancellation of those that are
// past their deadline, and tells how old the oldest is.
package sweeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
	"example.com/saga/services/order"
)

// The metrics of every sweep: the ages of the oldest order that has not ended,
// and of the oldest way back that has not. They are 0 if there is none.
const (
	OldestUnfinishedOrder    = "OldestUnfinishedOrder"
	OldestUnfinishedRollback = "OldestUnfinishedRollback"
)

// source names the sweeper as the origin of commands.
const source = "order/sweeper"

// limit is how many orders one sweep looks at, if they fit into the time of its
// invocation without the reserve, in which it tells what it has found. The rest
// waits for the next one.
const (
	limit   = 10_000
	reserve = time.Second
)

// maximumAgain is how many orders one sweep publishes again, so that a warehouse
// which was down is not kept busy with what it has heard already.
const maximumAgain = 500

// maximumProblems is how many errors are told one by one.
const maximumProblems = 10

// Orders is what the sweeper asks of the order context.
type Orders interface {
	// Load gives what is recorded about an order.
	Load(ctx context.Context, orderID string) (order.State, participant.Record, error)
	// Execute executes a command once per id.
	Execute(ctx context.Context, command event.Event, data event.Data) (order.State, error)
	// Republish publishes again all that a record says was published.
	Republish(ctx context.Context, record participant.Record) error
}

// Index finds the orders that have not ended.
type Index interface {
	// Due gives the orders whose deadline is not after a moment, the earliest
	// first. It may lag behind.
	Due(ctx context.Context, by time.Time, limit int) ([]string, error)
}

// Config is what a Sweeper works with. All fields are required but Tracer.
type Config struct {
	Orders Orders
	Index  Index
	Logger *slog.Logger
	// Tracer starts the span of each command.
	Tracer trace.Tracer
	Clock  func() time.Time
	// Deadline is how long an order may take. It only tells from a deadline
	// when the order was placed: the deadline itself is the order's own.
	Deadline time.Duration
	// Random says, in [0, 1), where a sweep begins: orders that nobody can help
	// must not use up the time of the same others in every sweep.
	Random func() float64
}

// Sweeper sweeps.
type Sweeper struct {
	config Config
}

// New makes a sweeper. The error names every field that is missing.
func New(config Config) (*Sweeper, error) {
	if err := required.Fields("sweeper.Config", map[string]bool{
		"Orders":   config.Orders != nil,
		"Index":    config.Index != nil,
		"Logger":   config.Logger != nil,
		"Clock":    config.Clock != nil,
		"Deadline": config.Deadline > 0,
		"Random":   config.Random != nil,
	}); err != nil {
		return nil, err
	}
	return &Sweeper{config}, nil
}

// Sweep looks once at every order that is open for longer than the order
// context's patience. What fails for one order does not keep it from the
// others; it fails in the end, so that somebody sees it.
func (s *Sweeper) Sweep(ctx context.Context) error {
	ctx = tracing.ContinueInvocation(ctx)
	working, cancel := worker.WithDeadlineMargin(ctx, reserve)
	defer cancel()
	now := s.config.Clock()
	ids, err := s.config.Index.Due(working, now.Add(s.config.Deadline-order.RepublishAfter), limit)
	if err != nil {
		return fmt.Errorf("find the open orders: %w", err)
	}
	begin := int(s.config.Random() * float64(len(ids)))
	found := s.lookAt(working, slices.Concat(ids[begin:], ids[:begin]), now)
	if found.looked < len(ids) || found.looked == limit {
		s.config.Logger.WarnContext(ctx, "there may be more open orders than one sweep looks at", slog.Int("looked_at", found.looked))
	}
	ctx, measured := telemetry.LineAttrs(ctx, now,
		telemetry.Measure{Metric: OldestUnfinishedOrder, Unit: telemetry.Seconds, Value: found.order.Seconds()},
		telemetry.Measure{Metric: OldestUnfinishedRollback, Unit: telemetry.Seconds, Value: found.rollback.Seconds()})
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "ages", measured...)
	if more := len(found.problems) - maximumProblems; more > 0 {
		return errors.Join(append(found.problems[:maximumProblems], fmt.Errorf("and %d more", more))...)
	}
	return errors.Join(found.problems...)
}

// findings are what a sweep has found and done so far.
type findings struct {
	// order and rollback are the ages of the oldest.
	order, rollback time.Duration
	// looked counts the orders looked at, again those published again.
	looked, again int
	problems      []error
}

// lookAt looks at the orders until its context ends.
func (s *Sweeper) lookAt(ctx context.Context, ids []string, now time.Time) (found findings) {
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		found.looked++
		if err := s.look(ctx, id, now, &found); err != nil {
			found.problems = append(found.problems, fmt.Errorf("order %s: %w", id, err))
		}
	}
	return found
}

// look looks at one order and does what must be done about it.
func (s *Sweeper) look(ctx context.Context, id string, now time.Time, found *findings) error {
	state, record, err := s.config.Orders.Load(ctx, id)
	// The index lags behind: the order may have ended since.
	if err != nil || len(record.Handled) == 0 || state.Ended() {
		return err
	}
	found.order = max(found.order, now.Sub(record.Handled[0].HandledAt))
	if state.Rollback != order.RollbackNone {
		found.rollback = max(found.rollback, now.Sub(state.RollbackSince))
	}
	ctx = telemetry.WithCorrelation(ctx, state.CorrelationID, id)
	ctx = tracing.Continue(ctx, order.TraceParent(record))
	remedy := order.Sweep(state, record.Handled[len(record.Handled)-1].HandledAt, now)
	if remedy.Republish && found.again < maximumAgain {
		found.again++
		if err := s.config.Orders.Republish(ctx, record); err != nil {
			return err
		}
		s.config.Logger.WarnContext(ctx, "published again, because nobody answered")
	}
	if remedy.TimeOut {
		return s.timeOut(ctx, id, state.CorrelationID, now)
	}
	return nil
}

// timeOut asks for the cancellation of an order, once: the command has the same
// id in every sweep.
func (s *Sweeper) timeOut(ctx context.Context, id, correlationID string, now time.Time) error {
	commandType := order.Cancel{}.EventType()
	command := event.Event{
		ID:            event.DeriveID(source, id, commandType),
		Source:        source,
		Type:          commandType,
		Subject:       id,
		Time:          now,
		CorrelationID: correlationID,
	}
	ctx, span := tracing.Start(ctx, s.config.Tracer, command, trace.SpanKindInternal)
	_, err := s.config.Orders.Execute(ctx, command, order.Cancel{Reason: contract.TimedOut})
	tracing.End(span, err, order.ErrTooLate, order.ErrErased)
	switch {
	case errors.Is(err, order.ErrTooLate), errors.Is(err, order.ErrErased):
		return nil // It has ended since it was loaded.
	case err != nil:
		return err
	}
	s.config.Logger.WarnContext(ctx, "timed out, cancellation requested")
	return nil
}
