package participant_test

import (
	"context"
	"errors"
	"sync"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

var errBroken = errors.New("broken")

// breakable is a store whose steps can be made to fail.
type breakable struct {
	*memory.Store

	// load, before and after are called before a load, and before and after a
	// commit, and may return an error. The commits are counted from 1.
	load          func() error
	before, after func(commit int) error
	// refuse is a subject whose commits fail, and unread one whose record cannot be read.
	refuse, unread string

	mu             sync.Mutex
	loads, commits int
}

func (s *breakable) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.mu.Lock()
	s.loads++
	s.mu.Unlock()
	if s.unread != "" && subject == s.unread {
		return participant.Record{}, errBroken
	}
	if s.load != nil {
		if err := s.load(); err != nil {
			return participant.Record{}, err
		}
	}
	return s.Store.Load(ctx, subject)
}

func (s *breakable) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	s.mu.Lock()
	s.commits++
	n := s.commits
	s.mu.Unlock()
	if s.refuse != "" && record.Subject == s.refuse {
		return errBroken
	}
	if s.before != nil {
		if err := s.before(n); err != nil {
			return err
		}
	}
	if err := s.Store.Commit(ctx, record, adjustments); err != nil {
		return err
	}
	if s.after != nil {
		return s.after(n)
	}
	return nil
}

// unreliable is a publisher that can be made to fail before the nth event of a
// call.
type unreliable struct {
	memory.Publisher

	before func(n int) error
}

func (p *unreliable) Publish(ctx context.Context, events ...event.Event) error {
	for n := range len(events) + 1 {
		if p.before != nil {
			if err := p.before(n); err != nil {
				return err
			}
		}
		if n == len(events) {
			return nil
		}
		if err := p.Publisher.Publish(ctx, events[n]); err != nil {
			return err
		}
	}
	return nil
}

// LoadAll implements participant.BatchLoader. It counts as one load.
func (s *breakable) LoadAll(ctx context.Context, subjects []string) (map[string]participant.Record, error) {
	s.mu.Lock()
	s.loads++
	s.mu.Unlock()
	if s.load != nil {
		if err := s.load(); err != nil {
			return nil, err
		}
	}
	records, err := s.Store.LoadAll(ctx, subjects)
	delete(records, s.unread)
	return records, err
}

// loaded is a store that returns the same record at every load.
type loaded struct {
	participant.Store

	record participant.Record
}

func (l loaded) Load(context.Context, string) (participant.Record, error) { return l.record, nil }
