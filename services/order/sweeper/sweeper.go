// Package sweeper visits the orders that have not ended: it republishes events that may
// never have been published, requests the cancellation of orders past their deadline,
// and measures the age of the oldest.
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

// The metrics of every sweep: the ages of the oldest order and of the oldest rollback
// that have not ended, or 0 if there is none.
const (
	OldestUnfinishedOrder    = "OldestUnfinishedOrder"
	OldestUnfinishedRollback = "OldestUnfinishedRollback"
)

// source is the source of the sweeper's commands.
const source = "order/sweeper"

// A sweep visits up to maximumOrders orders, until deadlineMargin before the deadline of
// its invocation. The margin is the time to report. The rest waits for the next sweep.
const (
	maximumOrders  = 10_000
	deadlineMargin = time.Second
)

// maximumRepublished is how many orders one sweep republishes, so that after a downtime
// the warehouse does not get too many duplicates.
const maximumRepublished = 500

// maximumProblems is how many errors of orders the error of a sweep has.
const maximumProblems = 10

// Orders is the part of the order context's participant that a Sweeper uses.
type Orders interface {
	// Load returns the state and the record of an order.
	Load(ctx context.Context, orderID string) (order.State, participant.Record, error)
	// Execute executes a command once per id.
	Execute(ctx context.Context, command event.Event, data event.Data) (order.State, error)
	// Republish publishes all events of a record again.
	Republish(ctx context.Context, record participant.Record) error
}

// Index finds the orders that have not ended.
type Index interface {
	// Due returns the orders whose deadline is not after a time, the earliest first. It
	// may be eventually consistent.
	Due(ctx context.Context, by time.Time, limit int) ([]string, error)
}

// Config is the configuration of a Sweeper. All fields but Tracer are required.
type Config struct {
	Orders Orders
	Index  Index
	Logger *slog.Logger
	// Tracer starts the span of each command.
	Tracer trace.Tracer
	Clock  func() time.Time
	// Deadline is how long an order may take. It is used to compute when an order was
	// placed; the deadline of an order is in its state.
	Deadline time.Duration
	// Random returns a number in [0, 1), which sets where a sweep starts. So orders that
	// are stuck do not take the time of the same other orders in every sweep.
	Random func() float64
}

// Sweeper makes sweeps.
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

// Sweep visits every order that has been open for longer than order.RepublishAfter. After
// an error of one order it goes on with the others, and returns all errors at the end,
// so that the invocation fails.
func (s *Sweeper) Sweep(ctx context.Context) error {
	ctx = tracing.ContinueInvocation(ctx)
	working, cancel := worker.WithDeadlineMargin(ctx, deadlineMargin)
	defer cancel()
	now := s.config.Clock()
	ids, err := s.config.Index.Due(working, now.Add(s.config.Deadline-order.RepublishAfter), maximumOrders)
	if err != nil {
		return fmt.Errorf("find the open orders: %w", err)
	}
	start := int(s.config.Random() * float64(len(ids)))
	swept := s.visitAll(working, slices.Concat(ids[start:], ids[:start]), now)
	if swept.visited < len(ids) || swept.visited == maximumOrders {
		s.config.Logger.WarnContext(ctx, "there may be more open orders than one sweep looks at", slog.Int("looked_at", swept.visited))
	}
	ctx, measured := telemetry.LineAttrs(ctx, now,
		telemetry.Measure{Metric: OldestUnfinishedOrder, Unit: telemetry.Seconds, Value: swept.oldestOrder.Seconds()},
		telemetry.Measure{Metric: OldestUnfinishedRollback, Unit: telemetry.Seconds, Value: swept.oldestRollback.Seconds()})
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "ages", measured...)
	if more := len(swept.problems) - maximumProblems; more > 0 {
		return errors.Join(append(swept.problems[:maximumProblems], fmt.Errorf("and %d more", more))...)
	}
	return errors.Join(swept.problems...)
}

// result is the result of a sweep so far.
type result struct {
	// oldestOrder and oldestRollback are ages.
	oldestOrder, oldestRollback time.Duration
	// visited and republished are numbers of orders.
	visited, republished int
	problems             []error
}

// visitAll visits the orders until its context ends.
func (s *Sweeper) visitAll(ctx context.Context, ids []string, now time.Time) (r result) {
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		r.visited++
		if err := s.visit(ctx, id, now, &r); err != nil {
			r.problems = append(r.problems, fmt.Errorf("order %s: %w", id, err))
		}
	}
	return r
}

// visit loads one order and does what has to be done about it.
func (s *Sweeper) visit(ctx context.Context, id string, now time.Time, r *result) error {
	state, record, err := s.config.Orders.Load(ctx, id)
	// The index is eventually consistent: the order may have ended.
	if err != nil || len(record.Handled) == 0 || state.Ended() {
		return err
	}
	r.oldestOrder = max(r.oldestOrder, now.Sub(record.Handled[0].HandledAt))
	if state.Rollback != order.RollbackNone {
		r.oldestRollback = max(r.oldestRollback, now.Sub(state.RollbackSince))
	}
	ctx = telemetry.WithSubject(ctx, id)
	ctx = tracing.Continue(ctx, order.First(record).TraceParent)
	action := order.Sweep(state, record.Handled[len(record.Handled)-1].HandledAt, now)
	if action.Republish && r.republished < maximumRepublished {
		r.republished++
		if err := s.config.Orders.Republish(ctx, record); err != nil {
			return err
		}
		s.config.Logger.WarnContext(ctx, "published again, because the warehouse has not answered")
	}
	if action.TimeOut {
		return s.timeOut(ctx, id, order.First(record).CorrelationID, now)
	}
	return nil
}

// timeOut requests the cancellation of an order. The command has the same id in every
// sweep, so it is executed once.
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
