// Package sweeper repairs sagas that make no progress by themselves. A context that
// executes commands needs it: if a process stops after the commit of a command and before
// its publication, no redelivery publishes the events, as it does for those of an event.
//
// A schedule invokes [Sweeper.Sweep], for example each minute. It visits the records that
// are due (see participant.Config.Due), and does what a pure function decides about each:
// it publishes the events of the record again, with the same ids, or executes a command,
// such as the cancellation of what is past its deadline. So a record has to be due from
// its first commit until the saga has ended.
//
// A sweep visits 10,000 records at most and ends a second before the deadline of its
// invocation; the rest waits for the next one. It begins at a random record, so that
// records that are stuck do not take the time of the same others in every sweep. Two
// sweeps at the same time, or one that is repeated, do no harm: consumers handle an event
// once, and a command is executed once.
//
// Each sweep writes a log line with the metric [OldestUnfinished], or those of
// Config.Ages, in the service's namespace (see package telemetry), and a warning for each
// record about which it did something.
//
// The cost of a sweep on DynamoDB is half a read unit for each 4 KB of the index (about
// 50 records), and of each visited record a strongly consistent read; with nothing due it
// is one query. A record that is published again costs its events (see package
// eventbridge), and a command a commit (see package dynamo).
//
// Permissions: dynamodb:Query on the index, dynamodb:GetItem and, for commands, what a
// commit takes on the table, and events:PutEvents for every event that the context's
// records can have. The construct infra/boundedcontext has a prop for all of it.
//
// Unlike a relay of an outbox, such as the forwarder of watermill, the sweeper is no step
// on the way of every event: events are published where they are committed, and only what
// has not come back is published again.
package sweeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

// OldestUnfinished is the metric of a Sweeper without Config.Ages: the age in seconds of
// the oldest record that a sweep has visited, or 0 without one.
const OldestUnfinished = "OldestUnfinished"

// A sweep visits up to maximumVisited records, until deadlineMargin before the deadline of
// its invocation. The margin is the time to report.
const (
	maximumVisited = 10_000
	deadlineMargin = time.Second
)

// maximumRepublished is of how many records one sweep publishes the events, so that after
// a downtime the consumers do not get too many duplicates.
const maximumRepublished = 500

// maximumProblems is how many errors of records the error of a sweep has.
const maximumProblems = 10

// Sagas is the part of a participant.Participant that a Sweeper uses.
type Sagas[S any] interface {
	// Load returns the state and the record of a subject.
	Load(ctx context.Context, subject string) (S, participant.Record, error)
	// Execute executes a command once per id.
	Execute(ctx context.Context, command event.Event, data event.Data) (S, error)
	// Republish publishes the events of a record again.
	Republish(ctx context.Context, record participant.Record) error
}

// Index finds the records that are due: a dynamo.Store or a memory.Store.
type Index interface {
	// Due returns the subjects that are due at a time, the earliest first. It may be
	// eventually consistent.
	Due(ctx context.Context, by time.Time, limit int) ([]string, error)
}

// Action is what has to be done about a saga. The zero value is nothing.
type Action struct {
	// Republish is true if its events have to be published again.
	Republish bool
	// Command, unless nil, has to be executed, after the events are published again. It is
	// committed once per type and subject; in a later sweep its events are only published
	// again. Its correlation id is that of the first event of the record, or the subject
	// if there is none.
	Command event.Data
}

// Age is a metric of how old the oldest saga is, in one respect.
type Age[S any] struct {
	// Metric is the name in CloudWatch.
	Metric string
	// Since returns when the age of a saga began, or zero if it does not count.
	Since func(state S, record participant.Record) time.Time
}

// Config is the configuration of a Sweeper. Ahead, Over, Ages, Tracer, Clock and Random
// are optional.
type Config[S any] struct {
	// Source is the source of the commands, such as order/sweeper. The ids of the commands
	// are made of it: with another one, they are other commands.
	Source string
	Sagas  Sagas[S]
	Index  Index
	Logger *slog.Logger
	// Decide decides what has to be done about a saga that is due, of which the last event
	// or command was handled at lastHandled. It must be a pure function. For example, it
	// republishes a minute after lastHandled, while the saga depends on an event that this
	// context has published.
	Decide func(state S, lastHandled, now time.Time) Action
	// Ahead is how long before its due time a record is visited, by default 0. With a due
	// time that is a deadline, it is the time from the first commit to the deadline, less
	// the age from which a record is visited.
	Ahead time.Duration
	// Over are the errors of a command which mean that it is too late for it, because the
	// saga has gone on since it was loaded. By default there are none.
	Over []error
	// Ages are the metrics of a sweep, by default OldestUnfinished.
	Ages []Age[S]
	// Tracer starts the span of each command.
	Tracer trace.Tracer
	// Clock returns the current time: by default time.Now.
	Clock func() time.Time
	// Random returns a number in [0, 1), which sets where a sweep begins: by default
	// rand.Float64.
	Random func() float64
}

// Sweeper makes sweeps.
type Sweeper[S any] struct {
	config Config[S]
}

// New makes a sweeper. The error names every required field that is missing.
func New[S any](config Config[S]) (*Sweeper[S], error) {
	if err := required.Fields("sweeper.Config", map[string]bool{
		"Source": config.Source != "",
		"Sagas":  config.Sagas != nil,
		"Index":  config.Index != nil,
		"Logger": config.Logger != nil,
		"Decide": config.Decide != nil,
	}); err != nil {
		return nil, err
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // The default of a field that takes any clock.
	}
	if config.Random == nil {
		config.Random = rand.Float64
	}
	if len(config.Ages) == 0 {
		config.Ages = []Age[S]{{OldestUnfinished, func(_ S, record participant.Record) time.Time { return record.Handled[0].HandledAt }}}
	}
	return &Sweeper[S]{config}, nil
}

// Sweep visits every record that is due, and does what Decide returns. After an error of
// one record it goes on with the others, and returns the first ten errors at the end, so
// that the invocation fails.
func (s *Sweeper[S]) Sweep(ctx context.Context) error {
	ctx = tracing.ContinueInvocation(ctx)
	working, cancel := worker.WithDeadlineMargin(ctx, deadlineMargin)
	defer cancel()
	now := s.config.Clock()
	by := now.Add(s.config.Ahead)
	subjects, err := s.config.Index.Due(working, by, maximumVisited)
	if err != nil {
		return fmt.Errorf("find what is due: %w", err)
	}
	sweep := &sweep{now: now, by: by, ages: make([]time.Duration, len(s.config.Ages))}
	start := int(s.config.Random() * float64(len(subjects)))
	s.visitAll(working, slices.Concat(subjects[start:], subjects[:start]), sweep)
	if sweep.visited < len(subjects) || sweep.visited == maximumVisited {
		s.config.Logger.WarnContext(ctx, "there may be more due than one sweep visits", slog.Int("visited", sweep.visited))
	}
	measures := make([]telemetry.Measure, len(sweep.ages))
	for i, age := range sweep.ages {
		measures[i] = telemetry.Measure{Metric: s.config.Ages[i].Metric, Unit: telemetry.Seconds, Value: age.Seconds()}
	}
	ctx, measured := telemetry.LineAttrs(ctx, now, measures...)
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "ages", measured...)
	if more := len(sweep.problems) - maximumProblems; more > 0 {
		return errors.Join(append(sweep.problems[:maximumProblems], fmt.Errorf("and %d more", more))...)
	}
	return errors.Join(sweep.problems...)
}

// sweep is one sweep and its result so far.
type sweep struct {
	// by is the latest due time of a record that is visited.
	now, by time.Time
	// ages has the highest of each of Config.Ages.
	ages []time.Duration
	// visited and republished are numbers of records.
	visited, republished int
	problems             []error
}

// visitAll visits the records until its context ends.
func (s *Sweeper[S]) visitAll(ctx context.Context, subjects []string, sweep *sweep) {
	for _, subject := range subjects {
		if ctx.Err() != nil {
			return
		}
		sweep.visited++
		if err := s.visit(ctx, subject, sweep); err != nil {
			sweep.problems = append(sweep.problems, fmt.Errorf("%s: %w", subject, err))
		}
	}
}

// visit loads one record and does what has to be done about it.
func (s *Sweeper[S]) visit(ctx context.Context, subject string, sweep *sweep) error {
	state, record, err := s.config.Sagas.Load(ctx, subject)
	// The index is eventually consistent: the record may no longer be due.
	if err != nil || record.Due.IsZero() || record.Due.After(sweep.by) {
		return err
	}
	for i, age := range s.config.Ages {
		if since := age.Since(state, record); !since.IsZero() {
			sweep.ages[i] = max(sweep.ages[i], sweep.now.Sub(since))
		}
	}
	ctx = telemetry.WithSubject(ctx, subject)
	ctx = tracing.Continue(ctx, record.First().TraceParent)
	action := s.config.Decide(state, record.Handled[len(record.Handled)-1].HandledAt, sweep.now)
	if action.Republish && sweep.republished < maximumRepublished {
		sweep.republished++
		if err := s.config.Sagas.Republish(ctx, record); err != nil {
			return err
		}
		s.config.Logger.WarnContext(ctx, "published again, because nothing has come back")
	}
	if action.Command == nil {
		return nil
	}
	return s.execute(ctx, record, action.Command, sweep.now)
}

// execute executes a command. It has the same id in every sweep, so it is executed once.
func (s *Sweeper[S]) execute(ctx context.Context, record participant.Record, data event.Data, now time.Time) error {
	command := event.Event{
		ID:            event.DeriveID(s.config.Source, record.Subject, data.EventType()),
		Source:        s.config.Source,
		Type:          data.EventType(),
		Subject:       record.Subject,
		Time:          now,
		CorrelationID: cmp.Or(record.First().CorrelationID, record.Subject),
	}
	ctx, span := tracing.Start(ctx, s.config.Tracer, command, trace.SpanKindInternal)
	_, err := s.config.Sagas.Execute(ctx, command, data)
	tracing.End(span, err, s.config.Over...)
	switch {
	case slices.ContainsFunc(s.config.Over, func(over error) bool { return errors.Is(err, over) }):
		return nil // It has gone on since it was loaded.
	case err != nil:
		return err
	}
	s.config.Logger.WarnContext(ctx, "executed, because it was due", slog.String("command", command.Type))
	return nil
}
