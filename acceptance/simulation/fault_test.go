package simulation

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment/sandbox"
)

// fault is a fault of a delivery, or of the run of a task.
type fault string

// The faults, in the order in which they can occur in a delivery and its run.
const (
	noFault    fault = ""
	duplicated fault = "is duplicated"
	delayed    fault = "is delayed for hours"
	lost       fault = "is lost and redelivered"
	redriven   fault = "is redriven days later"

	crashesBeforeLoading    fault = "crashes before loading"
	callIsOvertaken         fault = "is overtaken while it calls the payment provider"
	callFails               fault = "a call of the payment provider fails"
	callWithoutResponse     fault = "a call of the payment provider takes effect without a response"
	losesTheRace            fault = "loses the race"
	crashesAfterDeciding    fault = "crashes after deciding"
	commitFails             fault = "a commit fails"
	commitWithoutResponse   fault = "a commit takes effect without a response"
	commitIsRepeated        fault = "a commit takes effect and its repetition is rejected"
	crashesAfterCommit      fault = "crashes after the commit"
	crashesBeforePublishing fault = "crashes before publishing"
	publishesNothing        fault = "nothing is published"
	publishesInPart         fault = "not all is published"
	rejectsAnEvent          fault = "one event is rejected"
	publishWithoutResponse  fault = "all is published without a response"
	crashesAfterPublishing  fault = "crashes after publishing, before the acknowledgement"
	endpointRejects         fault = "the endpoint rejects the notification"
)

// faults returns all faults.
func faults() []fault {
	return []fault{
		duplicated, delayed, lost, redriven,
		crashesBeforeLoading, callIsOvertaken, callFails, callWithoutResponse, losesTheRace, crashesAfterDeciding, commitFails, commitWithoutResponse, commitIsRepeated, crashesAfterCommit,
		crashesBeforePublishing, publishesNothing, publishesInPart, rejectsAnEvent, publishWithoutResponse, crashesAfterPublishing, endpointRejects,
	}
}

// errCrashed ends a run, which is repeated at the next delivery.
var errCrashed = errors.New("crashed")

// errNoResponse is returned by a call that failed, and by one that took effect without
// a response: the caller cannot distinguish them.
var errNoResponse = errors.New("no response")

// inject reports whether the planned fault is this one. If it is, it has occurred.
func (w *world) inject(f fault) bool {
	if w.planned == noFault {
		w.avoided[f] = true
	}
	if w.planned != f {
		return false
	}
	w.planned = noFault
	w.tally[string(f)]++
	w.log = append(w.log, "   "+string(f))
	return true
}

// crashes reports whether the run crashes here, or has crashed before.
func (w *world) crashes(here fault) bool {
	w.dead = w.dead || w.inject(here)
	return w.dead
}

// store is the store of a context, with the planned faults.
type store struct {
	*memory.Store

	world  *world
	source string
	// losesTombstones: tombstones are committed as ordinary records.
	losesTombstones bool
	// overwrites: a first commit replaces a record that stands.
	overwrites bool
	// isUnconditional: a commit after the first replaces the record that stands.
	isUnconditional bool
	// dropsData: published events are committed without their data.
	dropsData bool
	// commits counts the commits, for the form in which each is stored.
	commits int
	// adjusts: a commit had adjustments.
	adjusts bool
	// keepsEntries: a record keeps the entry that its state no longer has.
	keepsEntries bool
}

func newStore(w *world, source string) *store {
	return &store{Store: memory.NewStore(), world: w, source: source}
}

// Load implements participant.Store.
func (s *store) Load(ctx context.Context, subject string) (participant.Record, error) {
	if s.world.crashes(crashesBeforeLoading) {
		return participant.Record{}, errCrashed
	}
	if s.world.outage.isAway(s.world) {
		return participant.Record{}, errNoResponse
	}
	return s.Store.Load(ctx, subject)
}

// LoadAll implements participant.BatchLoader.
func (s *store) LoadAll(ctx context.Context, subjects []string) (map[string]participant.Record, error) {
	if s.world.crashes(crashesBeforeLoading) {
		return nil, errCrashed
	}
	if s.world.outage.isAway(s.world) {
		return nil, errNoResponse
	}
	return s.Store.LoadAll(ctx, subjects)
}

// Commit implements participant.Store.
func (s *store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	w := s.world
	s.adjusts = s.adjusts || len(adjustments) > 0
	if w.inject(losesTheRace) {
		w.race(ctx, s.source, record.Subject)
	}
	if w.crashes(crashesAfterDeciding) {
		return errCrashed
	}
	if w.inject(commitFails) || w.outage.isAway(w) {
		return errNoResponse
	}
	if err := s.tamper(ctx, &record); err != nil {
		return err
	}
	record, err := s.stored(record)
	if err != nil {
		return err
	}
	if err := s.Store.Commit(ctx, record, adjustments); err != nil {
		return err
	}
	switch {
	case w.inject(commitWithoutResponse):
		return errNoResponse
	case w.inject(commitIsRepeated):
		return participant.ErrConflict
	case w.crashes(crashesAfterCommit):
		return errCrashed
	}
	return nil
}

// Move implements participant.Mover. It has the faults of a commit.
func (s *store) Move(ctx context.Context, adjustments []participant.Adjustment) error {
	w := s.world
	if w.inject(commitFails) {
		return errNoResponse
	}
	if err := s.Store.Move(ctx, adjustments); err != nil {
		return err
	}
	w.tally[moved]++
	switch {
	case w.inject(commitWithoutResponse):
		return errNoResponse
	case w.crashes(crashesAfterCommit):
		return errCrashed
	}
	return nil
}

// tamper makes the mistakes of the store.
func (s *store) tamper(ctx context.Context, record *participant.Record) error {
	record.Erased = record.Erased && !s.losesTombstones
	if s.keepsEntries && record.Entry == (participant.Entry{}) {
		record.Entry = s.Records()[record.Subject].Entry
	}
	if s.isUnconditional && record.Version > 0 || s.overwrites && record.Version == 0 {
		standing, err := s.Store.Load(ctx, record.Subject)
		if err != nil {
			return err
		}
		record.Version = standing.Version
	}
	for _, handled := range record.Handled {
		for i := range handled.Published {
			if s.dropsData {
				handled.Published[i].Data = nil
			}
		}
	}
	return nil
}

// Every third commit is read back from its form in the table, and every seventh from the
// form that an earlier version has written.
const (
	everyStored  = 3
	everyEarlier = 7
)

// stored returns a record as it is read after it was written to a table. An earlier
// version has kept the data of all events, so it has not written a record without it.
func (s *store) stored(record participant.Record) (participant.Record, error) {
	s.commits++
	earlier := s.commits%everyEarlier == 0 && !isSettled(record)
	if !earlier && s.commits%everyStored != 0 {
		return record, nil
	}
	item, err := s.world.vocabulary.Item(record)
	if err != nil {
		return record, err
	}
	if earlier {
		s.world.tally[writtenEarlier]++
		if item, err = earlierItem(s.source, item, record); err != nil {
			return record, err
		}
	}
	read, err := s.world.vocabulary.Record(item)
	read.Version = record.Version // An item has the next version.
	return read, err
}

func (s *store) table() audit.Table {
	return audit.Table{Records: s.Records(), Counters: s.AllCounters()}
}

// race runs another task about the same record of a context, or another delivery
// of the same event, while the running one is about to commit.
func (w *world) race(ctx context.Context, source, subject string) {
	var candidates []int
	for i, t := range w.pending {
		if t.component == source && t.event.Subject == subject {
			candidates = append(candidates, i)
		}
	}
	running, i := w.running, len(w.pending)
	if choice := w.rival(len(candidates) + 1); choice > 0 {
		i = candidates[choice-1]
	} else {
		again := running[0]
		for _, t := range running {
			if t.event.Subject == subject {
				again = t
			}
		}
		w.pending = append(w.pending, again)
	}
	w.step(ctx, i, noFault)
	w.running = running
}

// Publish implements participant.Publisher: it delivers every event to the consumers of
// its type.
func (w *world) Publish(_ context.Context, events ...event.Event) error {
	if w.crashes(crashesBeforePublishing) {
		return errCrashed
	}
	if w.inject(publishesNothing) {
		return errNoResponse
	}
	if len(events) > 1 && w.inject(publishesInPart) {
		w.emit(events[:len(events)/2])
		return errNoResponse
	}
	if w.inject(rejectsAnEvent) {
		n := w.rival(len(events))
		w.emit(slices.Delete(slices.Clone(events), n, n+1))
		return &participant.PartialError{Errs: map[int]error{n: errNoResponse}}
	}
	w.emit(events)
	switch {
	case w.inject(publishWithoutResponse):
		return errNoResponse
	case w.crashes(crashesAfterPublishing):
		return errCrashed
	}
	return nil
}

func (w *world) emit(events []event.Event) {
	for _, e := range events {
		if _, isErased := w.erased[e.Subject]; isErased {
			w.publishedErased = append(w.publishedErased, e)
		}
		if !w.isKnown(e) {
			w.published = append(w.published, e)
			w.contents[e.ID] = append(w.contents[e.ID], e)
			if w.running[0].component == sweeping {
				w.tally[publishedBySweeper]++
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

// ledger is the sandbox's ledger with the planned faults, and with a copy of its entries
// for the audit.
type ledger struct {
	*sandbox.Memory

	world   *world
	entries map[string]sandbox.Entry
}

func newLedger() *ledger {
	return &ledger{Memory: sandbox.NewMemory(), entries: make(map[string]sandbox.Entry)}
}

// Open implements sandbox.Ledger.
func (l *ledger) Open(ctx context.Context, reference string, entry sandbox.Entry) (sandbox.Entry, error) {
	return l.call(ctx, reference, func() (sandbox.Entry, error) { return l.Memory.Open(ctx, reference, entry) })
}

// Bar implements sandbox.Ledger.
func (l *ledger) Bar(ctx context.Context, reference string) (sandbox.Entry, error) {
	return l.call(ctx, reference, func() (sandbox.Entry, error) { return l.Memory.Bar(ctx, reference) })
}

func (l *ledger) call(ctx context.Context, reference string, call func() (sandbox.Entry, error)) (sandbox.Entry, error) {
	w := l.world
	if w.inject(callIsOvertaken) {
		w.race(ctx, contract.SourcePayment, reference)
	}
	if w.dead || w.inject(callFails) {
		return sandbox.Entry{}, errNoResponse
	}
	entry, err := call()
	l.entries[reference] = entry
	if w.inject(callWithoutResponse) {
		return sandbox.Entry{}, errNoResponse
	}
	return entry, err
}

// cachedLanguage is a language that checks the same data once. An event is checked each
// time it is sealed or decoded, which would take most of the time of a simulation.
type cachedLanguage struct {
	participant.Language

	known map[string]reading
}

func newCachedLanguage(language participant.Language) *cachedLanguage {
	return &cachedLanguage{language, make(map[string]reading)}
}

type reading struct {
	data   event.Data
	schema string
	err    error
}

// Decode implements participant.Language.
func (r *cachedLanguage) Decode(e event.Event) (event.Data, error) {
	key := e.Type + "\n" + e.Source + "\n" + e.DataSchema + "\n" + string(e.Data)
	known, found := r.known[key]
	if !found {
		known.data, known.err = r.Language.Decode(e)
		r.known[key] = known
	}
	return known.data, known.err
}

// Seal implements participant.Language.
func (r *cachedLanguage) Seal(e event.Event) (event.Event, error) {
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
