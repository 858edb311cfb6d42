package simulation

import (
	"context"
	"errors"
	"reflect"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment/sandbox"
)

// fault is what can go wrong while a task is run.
type fault string

// The faults, in the order in which a run could meet them.
const (
	diesBeforeLoading    fault = "dies before loading"
	losesTheRace         fault = "loses the race"
	diesBeforeCommit     fault = "dies before the commit"
	diesAfterCommit      fault = "dies after the commit"
	diesBeforePublishing fault = "dies before publishing"
	diesAfterPublishing  fault = "dies after publishing"
	endpointRefuses      fault = "the endpoint refuses"
)

// errDied is the end of a run that goes on in the next delivery.
var errDied = errors.New("died")

// strikes tells whether the planned fault is this one, which then has happened.
func (w *world) strikes(f fault) bool {
	if w.planned != f {
		return false
	}
	w.planned = ""
	w.tally[string(f)]++
	w.story = append(w.story, "   "+string(f))
	return true
}

// store is a context's store that fails as planned.
type store struct {
	*memory.Store

	world *world
}

func newStore(w *world) *store { return &store{memory.NewStore(), w} }

// Load implements participant.Store.
func (s *store) Load(ctx context.Context, subject string) (participant.Record, error) {
	if s.world.strikes(diesBeforeLoading) {
		return participant.Record{}, errDied
	}
	return s.Store.Load(ctx, subject)
}

// Commit implements participant.Store.
func (s *store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	if s.world.strikes(losesTheRace) {
		s.world.race(ctx)
	}
	if s.world.strikes(diesBeforeCommit) {
		return errDied
	}
	if err := s.Store.Commit(ctx, record, adjustments); err != nil {
		return err
	}
	if s.world.strikes(diesAfterCommit) {
		return errDied
	}
	return nil
}

func (s *store) table() audit.Table {
	return audit.Table{Records: s.Records(), Counters: s.AllCounters()}
}

// race runs another task about the same record, or another delivery of the same
// event, while the running one is about to commit.
func (w *world) race(ctx context.Context) {
	var candidates []int
	for i, t := range w.pending {
		if t.competes(w.running) {
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
	if w.strikes(diesBeforePublishing) {
		return errDied
	}
	for _, e := range events {
		if !w.isKnown(e) {
			w.published = append(w.published, e)
		}
		if !w.archived {
			w.deliver(e)
		}
	}
	if w.strikes(diesAfterPublishing) {
		return errDied
	}
	return nil
}

func (w *world) isKnown(e event.Event) bool {
	for _, known := range w.published {
		if known.ID == e.ID && reflect.DeepEqual(known, e) {
			return true
		}
	}
	return false
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

// remembering is a language that checks each event once, since an event is checked
// whenever it is written, and whenever it is read.
type remembering struct {
	participant.Language

	known map[string]reading
}

type reading struct {
	data event.Data
	err  error
}

// Read implements participant.Language.
func (r *remembering) Read(e event.Event) (event.Data, error) {
	key := e.Type + "\n" + e.Source + "\n" + e.DataSchema + "\n" + string(e.Data)
	known, found := r.known[key]
	if !found {
		known.data, known.err = r.Language.Read(e)
		r.known[key] = known
	}
	return known.data, known.err
}
