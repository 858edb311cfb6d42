package simulation

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment/sandbox"
)

// fault is what can go wrong with a delivery, or while a task is run.
type fault string

// The faults, in the order in which a delivery and its run could meet them.
const (
	plain      fault = ""
	duplicated fault = "is duplicated"
	delayed    fault = "is delayed for hours"
	lost       fault = "is lost and redelivered"
	redriven   fault = "is redriven days later"

	diesBeforeLoading    fault = "dies before loading"
	losesTheRace         fault = "loses the race"
	diesAfterDeciding    fault = "dies after deciding"
	commitFails          fault = "a commit fails"
	commitIsUnanswered   fault = "a commit takes effect and is not answered"
	commitIsRepeated     fault = "a commit takes effect and its repetition is refused"
	diesAfterCommit      fault = "dies after the commit"
	diesBeforePublishing fault = "dies before publishing"
	publishesNothing     fault = "nothing is published"
	publishesInPart      fault = "not all is published"
	publishIsUnanswered  fault = "all is published and not answered"
	diesAfterPublishing  fault = "dies after publishing, before the acknowledgement"
	endpointRefuses      fault = "the endpoint refuses"
)

// faults are all of them.
func faults() []fault {
	return []fault{
		duplicated, delayed, lost, redriven,
		diesBeforeLoading, losesTheRace, diesAfterDeciding, commitFails, commitIsUnanswered, commitIsRepeated, diesAfterCommit,
		diesBeforePublishing, publishesNothing, publishesInPart, publishIsUnanswered, diesAfterPublishing, endpointRefuses,
	}
}

// errDied is the end of a run that goes on in the next delivery.
var errDied = errors.New("died")

// errUnanswered is what a call gives that failed, or that took effect and was
// not answered: nobody can tell.
var errUnanswered = errors.New("no answer")

// strikes tells whether the planned fault is this one, which then has happened.
func (w *world) strikes(f fault) bool {
	if w.planned != f {
		return false
	}
	w.planned = plain
	w.tally[string(f)]++
	w.story = append(w.story, "   "+string(f))
	return true
}

// dies tells whether the run dies here, or has died before.
func (w *world) dies(here fault) bool {
	w.dead = w.dead || w.strikes(here)
	return w.dead
}

// store is a context's store that fails as planned.
type store struct {
	*memory.Store

	world  *world
	source string
	// forgets: a tombstone is taken for a record.
	forgets bool
}

func newStore(w *world, source string) *store {
	return &store{Store: memory.NewStore(), world: w, source: source}
}

// Load implements participant.Store.
func (s *store) Load(ctx context.Context, subject string) (participant.Record, error) {
	if s.world.dies(diesBeforeLoading) {
		return participant.Record{}, errDied
	}
	return s.Store.Load(ctx, subject)
}

// Commit implements participant.Store.
func (s *store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	w := s.world
	if w.strikes(losesTheRace) {
		w.race(ctx, s.source, record.Subject)
	}
	if w.dies(diesAfterDeciding) {
		return errDied
	}
	if w.strikes(commitFails) {
		return errUnanswered
	}
	record.Erased = record.Erased && !s.forgets
	if err := s.Store.Commit(ctx, record, adjustments); err != nil {
		return err
	}
	switch {
	case w.strikes(commitIsUnanswered):
		return errUnanswered
	case w.strikes(commitIsRepeated):
		return participant.ErrConflict
	case w.dies(diesAfterCommit):
		return errDied
	}
	return nil
}

func (s *store) table() audit.Table {
	return audit.Table{Records: s.Records(), Counters: s.AllCounters()}
}

// race runs another task about the same record of a context, or another delivery
// of the same event, while the running one is about to commit.
func (w *world) race(ctx context.Context, source, subject string) {
	var candidates []int
	for i, t := range w.pending {
		if t.who == source && t.event.Subject == subject {
			candidates = append(candidates, i)
		}
	}
	running, i := w.running, len(w.pending)
	if choice := w.rival(len(candidates) + 1); choice > 0 {
		i = candidates[choice-1]
	} else {
		w.pending = append(w.pending, running)
	}
	w.step(ctx, i, plain)
	w.running = running
}

// Publish implements participant.Publisher: every event goes to whoever
// consumes its type.
func (w *world) Publish(_ context.Context, events ...event.Event) error {
	if w.dies(diesBeforePublishing) {
		return errDied
	}
	if w.strikes(publishesNothing) {
		return errUnanswered
	}
	if len(events) > 1 && w.strikes(publishesInPart) {
		w.emit(events[:len(events)/2])
		return errUnanswered
	}
	w.emit(events)
	switch {
	case w.strikes(publishIsUnanswered):
		return errUnanswered
	case w.dies(diesAfterPublishing):
		return errDied
	}
	return nil
}

func (w *world) emit(events []event.Event) {
	for _, e := range events {
		if _, isErased := w.erased[e.Subject]; isErased {
			w.relapsed = append(w.relapsed, e)
		}
		if !w.isKnown(e) {
			w.published = append(w.published, e)
			w.contents[e.ID] = append(w.contents[e.ID], e)
			if w.running.who == sweeping {
				w.tally[healed]++
			}
		}
		if !w.archived {
			w.deliver(e)
		}
	}
}

func (w *world) isKnown(e event.Event) bool {
	return slices.ContainsFunc(w.contents[e.ID], func(known event.Event) bool { return reflect.DeepEqual(known, e) })
}

// ledger is the sandbox's, and shows its entries.
type ledger struct {
	*sandbox.Memory

	entries map[string]sandbox.Entry
}

func newLedger() *ledger {
	return &ledger{sandbox.NewMemory(), make(map[string]sandbox.Entry)}
}

// Open implements sandbox.Ledger.
func (l *ledger) Open(ctx context.Context, reference string, entry sandbox.Entry) (sandbox.Entry, error) {
	entry, err := l.Memory.Open(ctx, reference, entry)
	l.entries[reference] = entry
	return entry, err
}

// Bar implements sandbox.Ledger.
func (l *ledger) Bar(ctx context.Context, reference string) (sandbox.Entry, error) {
	entry, err := l.Memory.Bar(ctx, reference)
	l.entries[reference] = entry
	return entry, err
}

// remembering is a language that checks the same data once, because an event is
// checked whenever it is sealed, and whenever it is decoded.
type remembering struct {
	participant.Language

	known map[string]reading
}

type reading struct {
	data   event.Data
	schema string
	err    error
}

// Decode implements participant.Language.
func (r *remembering) Decode(e event.Event) (event.Data, error) {
	key := e.Type + "\n" + e.Source + "\n" + e.DataSchema + "\n" + string(e.Data)
	known, found := r.known[key]
	if !found {
		known.data, known.err = r.Language.Decode(e)
		r.known[key] = known
	}
	return known.data, known.err
}

// Seal implements participant.Language.
func (r *remembering) Seal(e event.Event) (event.Event, error) {
	key := "sealed\n" + e.Type + "\n" + e.Source + "\n" + string(e.Data)
	known, found := r.known[key]
	if !found {
		sealed, err := r.Language.Seal(e)
		known = reading{schema: sealed.DataSchema, err: err}
		r.known[key] = known
	}
	e.DataSchema = known.schema
	return e, known.err
}
