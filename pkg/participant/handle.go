package participant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/internal/safely"
)

// task is an event or a command to be handled.
type task struct {
	event.Delivery

	isCommand bool
	digest    string
	data      event.Data

	// published are the events to publish when the task is done.
	published []event.Event
	// original is an earlier task of the same batch with the same event.
	original *task
	outcome  Outcome
	err      error
}

// cause returns the task as the cause of events.
func (t *task) cause() event.Cause { return event.Cause{Event: t.Event, IsCommand: t.isCommand} }

// reset forgets the result of an attempt.
func (t *task) reset() { t.published, t.original, t.outcome, t.err = nil, nil, "", nil }

// blocks reports whether the task has to be delivered again, and later ones of its saga
// with it, so that they keep their order.
func (t *task) blocks() bool {
	return t.Group != "" && t.err != nil && !errors.Is(t.err, event.ErrInvalid)
}

// Outcome is what has become of an event or a command that is handled. It is "" if that
// has failed.
type Outcome string

// The outcomes.
const (
	// First: it was decided on and committed now. With ErrUnpublished it has this outcome
	// too, because it is committed.
	First Outcome = "first"
	// Duplicate: it was handled before, and what it has published is published again.
	Duplicate Outcome = "duplicate"
	// Ignored: its subject is erased, and nothing is written.
	Ignored Outcome = "ignored"
)

// HandleOutcome is like Handle, and returns whether the event was handled before.
func (p *Participant[S]) HandleOutcome(ctx context.Context, e event.Event) (Outcome, error) {
	t := p.handle(ctx, []event.Delivery{{Event: e, Context: ctx}})[0]
	return t.outcome, t.err
}

// Handle handles an event of the published language.
func (p *Participant[S]) Handle(ctx context.Context, e event.Event) error {
	return p.HandleBatch(ctx, []event.Delivery{{Event: e, Context: ctx}})[0]
}

// HandleBatch handles events of the published language, and returns an error or nil for
// each of them, in their order. Those of one saga are handled in their order. If they are
// of a FIFO queue, whose message group must be the subject, then after one that has to be
// delivered again the later ones of its saga are not handled, and have the same error. A
// panic is an error of the event whose decision panics.
//
// Decisions and commits have to end before ctx does: a second, or a quarter of the time
// that is left if that is less, is kept for publishing. So one decision that takes too long
// fails its own event only, even one that ignores the end of its context: a tenth of a
// second later its event has failed, and what it returns is dropped.
func (p *Participant[S]) HandleBatch(ctx context.Context, deliveries []event.Delivery) []error {
	errs := make([]error, len(deliveries))
	for i, t := range p.handle(ctx, deliveries) {
		errs[i] = t.err
		if t.original != nil {
			errs[i] = t.original.err
		}
	}
	return errs
}

// handle handles events as HandleBatch does, and returns a task for each.
func (p *Participant[S]) handle(ctx context.Context, deliveries []event.Delivery) []*task {
	deciding, cancel := safely.KeepTime(ctx, publishTime)
	defer cancel()
	tasks := make([]*task, len(deliveries))
	for i, delivery := range deliveries {
		t := &task{Delivery: delivery}
		t.err = safely.Call(func() error { return p.admit(t) })
		tasks[i] = t
	}
	sagas := bySubject(tasks)
	p.loadAll(deciding, sagas)
	var running errgroup.Group
	running.SetLimit(p.config.Parallelism)
	for _, s := range sagas {
		running.Go(func() error {
			p.handleSaga(deciding, s)
			return nil
		})
	}
	_ = running.Wait() // Each task has its own error.
	p.publish(ctx, tasks)
	return tasks
}

// Execute handles a command from outside of the saga and returns the state after
// it. A command is executed once per ID. ErrOtherContent is returned if the ID was
// executed with other data; members that JSON leaves out do not count. The state is
// right even if the error is ErrUnpublished.
//
// Unlike an event, a command is not redelivered. If the process stops after the commit, or
// the error is ErrUnpublished, and the caller does not repeat the command with the same
// id, its events are committed and never published. So a context that executes commands
// needs package sweeper, and a Config.Due that is not zero from the first commit until the
// saga has ended.
func (p *Participant[S]) Execute(ctx context.Context, command event.Event, data event.Data) (S, error) {
	state, _, err := p.ExecuteOutcome(ctx, command, data)
	return state, err
}

// ExecuteOutcome is like Execute, and also returns whether the command was executed
// before.
func (p *Participant[S]) ExecuteOutcome(ctx context.Context, command event.Event, data event.Data) (S, Outcome, error) {
	var none S
	if err := checkIdentity(command); err != nil {
		return none, "", err
	}
	content, err := digestOfCommand(data)
	if err != nil {
		return none, "", err
	}
	t := &task{Delivery: event.Delivery{Event: command, Context: ctx}, isCommand: true, digest: content, data: data}
	record, _ := p.run(ctx, []*task{t}, p.guess(t))
	p.publish(ctx, []*task{t})
	state, err := p.state(record)
	return state, t.outcome, cmp.Or(t.err, err)
}

// publishTime is how much time HandleBatch keeps for publishing.
const publishTime = time.Second

// admit decodes the event of a task. An error is returned if it can never be handled.
func (p *Participant[S]) admit(t *task) (err error) {
	e := t.Event
	if err := checkIdentity(e); err != nil {
		return err
	}
	if t.data, err = p.config.Language.Decode(e); err != nil {
		return err
	}
	if oldest := p.config.Clock().Add(-p.config.Retention); e.Time.Before(oldest) {
		return fmt.Errorf("%w: %s %s is of %s: events before %s are no longer remembered",
			event.ErrInvalid, e.Type, e.ID, e.Time.Format(time.RFC3339), oldest.Format(time.RFC3339))
	}
	t.digest, err = digestOfEvent(e)
	return err
}

// saga is the tasks of a batch about one subject.
type saga struct {
	tasks []*task
	// view is what is known of the record, or nil if it has to be loaded.
	view *view
}

// bySubject groups the tasks without an error.
func bySubject(tasks []*task) []*saga {
	var sagas []*saga
	index := make(map[string]*saga)
	for _, t := range tasks {
		if t.err != nil {
			continue
		}
		s := index[t.Event.Subject]
		if s == nil {
			s = new(saga)
			index[t.Event.Subject] = s
			sagas = append(sagas, s)
		}
		s.tasks = append(s.tasks, t)
	}
	return sagas
}

// loadAll loads the records of all sagas that need one with one call, if the store can,
// and if there is more than one to load.
func (p *Participant[S]) loadAll(ctx context.Context, sagas []*saga) {
	var needed []*saga
	var subjects []string
	for _, s := range sagas {
		if s.view = p.guess(s.tasks[0]); s.view == nil {
			needed = append(needed, s)
			subjects = append(subjects, s.tasks[0].Event.Subject)
		}
	}
	store, ok := p.config.Store.(BatchLoader)
	if !ok || len(subjects) < 2 {
		return
	}
	records, err := store.LoadAll(ctx, subjects)
	for i, s := range needed {
		if err != nil {
			p.fail(s.tasks, err)
		} else if record, loaded := records[subjects[i]]; loaded {
			s.view = &view{record: record}
		}
	}
}

// handleSaga handles the tasks of a saga together. If each may have another result alone,
// it handles them one by one.
func (p *Participant[S]) handleSaga(ctx context.Context, s *saga) {
	if s.tasks[0].err != nil {
		return // It could not be loaded.
	}
	if !p.runSafely(ctx, s.tasks, s.view) {
		return
	}
	for i, t := range s.tasks {
		p.runSafely(ctx, s.tasks[i:i+1], nil)
		if t.blocks() {
			p.fail(s.tasks[i+1:], t.err)
			return
		}
	}
}

// runSafely is like run, but a panic is an error of the tasks: one of the store, or of
// Committed, because that of a decision is the error of its task already. It may come
// from what one of several tasks commits.
func (p *Participant[S]) runSafely(ctx context.Context, tasks []*task, v *view) (divisible bool) {
	panicked := safely.Call(func() error {
		_, divisible = p.run(ctx, tasks, v)
		return nil
	})
	if panicked != nil {
		p.fail(tasks, panicked)
		return len(tasks) > 1
	}
	return divisible
}

// fail sets the error of tasks.
func (p *Participant[S]) fail(tasks []*task, err error) {
	for _, t := range tasks {
		t.reset()
		t.err = fmt.Errorf("%s handles %s %s: %w", p.config.Source, t.Event.Type, t.Event.ID, err)
	}
}

// publish publishes the events of all tasks together. A task has an error if one of its
// events may not be published.
func (p *Participant[S]) publish(ctx context.Context, tasks []*task) {
	var events []event.Event
	var owners []*task
	for _, t := range tasks {
		for _, e := range unsettled(t.published) {
			events = append(events, e)
			owners = append(owners, t)
		}
	}
	if len(events) == 0 {
		return
	}
	err := p.config.Publisher.Publish(ctx, events...)
	if err == nil {
		return
	}
	partial, isPartial := errors.AsType[*PartialError](err)
	for i, t := range slices.Backward(owners) {
		cause := err
		if isPartial {
			if cause = partial.Errs[i]; cause == nil {
				continue
			}
		}
		t.err = fmt.Errorf("%s publishes because of %s %s: %w: %w", p.config.Source, t.Event.Type, t.Event.ID, ErrUnpublished, cause)
	}
}
