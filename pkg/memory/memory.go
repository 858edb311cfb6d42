// Package memory is a participant's store and publisher in memory, for tests and
// simulations. The store passes the same test suite as the one on DynamoDB, and has the
// same limits and errors.
package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Store is a participant.Store in memory, safe for concurrent use.
type Store struct {
	mu       sync.Mutex
	records  map[string]participant.Record
	counters map[string]map[string]int64
	writes   []any
}

var (
	_ participant.Store       = (*Store)(nil)
	_ participant.BatchLoader = (*Store)(nil)
	_ participant.Mover       = (*Store)(nil)
)

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{
		records:  make(map[string]participant.Record),
		counters: make(map[string]map[string]int64),
	}
}

// Load implements participant.Store.
func (s *Store) Load(_ context.Context, subject string) (participant.Record, error) {
	if err := participant.CheckSubject(subject); err != nil {
		return participant.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	record, found := s.records[subject]
	if !found {
		return participant.Record{Subject: subject}, nil
	}
	return clone(record), nil
}

// LoadAll implements participant.BatchLoader. It leaves out a subject that has no record
// in any store.
func (s *Store) LoadAll(ctx context.Context, subjects []string) (map[string]participant.Record, error) {
	records := make(map[string]participant.Record)
	for _, subject := range subjects {
		if record, err := s.Load(ctx, subject); err == nil {
			records[subject] = record
		}
	}
	return records, nil
}

// Commit implements participant.Store.
func (s *Store) Commit(_ context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	if err := participant.CheckCommit(record, adjustments); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	standing := s.records[record.Subject]
	switch {
	case standing.Version == record.Version:
	case record.Version == 0:
		return &participant.ConflictError{Standing: clone(standing)}
	default:
		return participant.ErrConflict
	}
	if err := s.adjust(adjustments); err != nil {
		return err
	}
	record = clone(record)
	record.Version++
	s.records[record.Subject] = record
	return nil
}

// Move implements participant.Mover.
func (s *Store) Move(_ context.Context, adjustments []participant.Adjustment) error {
	if err := participant.CheckMove(adjustments); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.adjust(adjustments)
}

// CountersOf implements participant.Mover.
func (s *Store) CountersOf(_ context.Context, items ...string) (participant.Counters, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counters := make(participant.Counters)
	for _, item := range items {
		counters[item] = maps.Clone(s.counters[item])
	}
	return counters, nil
}

// adjust makes all adjustments, or returns a *participant.RefusedError.
func (s *Store) adjust(adjustments []participant.Adjustment) error {
	refused := &participant.RefusedError{Counters: make(participant.Counters)}
	for _, adjustment := range adjustments {
		if s.refuses(adjustment) {
			refused.Items = append(refused.Items, adjustment.Item)
			refused.Counters[adjustment.Item] = maps.Clone(s.counters[adjustment.Item])
		}
	}
	if len(refused.Items) > 0 {
		return refused
	}
	for _, adjustment := range adjustments {
		if adjustment.Write != nil {
			s.writes = append(s.writes, adjustment.Write)
			continue
		}
		item := s.counters[adjustment.Item]
		if item == nil {
			item = make(map[string]int64)
			s.counters[adjustment.Item] = item
		}
		for counter, amount := range adjustment.Add {
			item[counter] += amount
		}
	}
	return nil
}

// refuses reports whether a counter, none of which is below zero, would fall below it.
func (s *Store) refuses(adjustment participant.Adjustment) bool {
	for counter, amount := range adjustment.Add {
		if s.counters[adjustment.Item][counter]+amount < 0 {
			return true
		}
	}
	return false
}

// Counters returns the counters of an adjusted item.
func (s *Store) Counters(_ context.Context, item string) (map[string]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counters[item]), nil
}

// Writes returns the Write of every adjustment that was committed, oldest first. They may
// be of any type, and none of them is refused: their conditions are those of another
// store.
func (s *Store) Writes() []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// Due returns the subjects of the records that are due at a time, the longest due
// first, and not more than limit.
func (s *Store) Due(_ context.Context, by time.Time, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []participant.Record
	for _, record := range s.records {
		if !record.Due.IsZero() && !record.Due.After(by) {
			due = append(due, record)
		}
	}
	slices.SortFunc(due, func(a, b participant.Record) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Subject, b.Subject))
	})
	var subjects []string
	for _, record := range due[:min(limit, len(due))] {
		subjects = append(subjects, record.Subject)
	}
	return subjects, nil
}

// clone returns a deep copy of a record, so that a caller cannot change the store.
func clone(record participant.Record) participant.Record {
	record.State = slices.Clone(record.State)
	record.Handled = slices.Clone(record.Handled)
	for i, handled := range record.Handled {
		record.Handled[i].Published = slices.Clone(handled.Published)
		for j, e := range handled.Published {
			record.Handled[i].Published[j].Data = slices.Clone(e.Data)
		}
	}
	return record
}

// Publisher is a participant.Publisher that keeps what is published, safe for
// concurrent use.
type Publisher struct {
	mu        sync.Mutex
	published []event.Event
}

var _ participant.Publisher = (*Publisher)(nil)

// Publish implements participant.Publisher. It returns event.ErrInvalid for an event
// that cannot be encoded, as every publisher must.
func (p *Publisher) Publish(_ context.Context, events ...event.Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if _, err := event.Encode(e); err != nil {
			return err
		}
		p.published = append(p.published, e)
	}
	return nil
}

// Published returns all events that were published, oldest first.
func (p *Publisher) Published() []event.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.published)
}
