package console

import (
	"context"
	"slices"
	"sync"
)

// mostSeen is how many events of a type its page shows.
const mostSeen = 3

// seen has the last events of each type, the newest first.
type seen struct {
	// recent reads the last messages of the event log that contain a text.
	recent func(ctx context.Context, text string) ([]string, error)

	mu     sync.Mutex
	events map[string][]tailedEvent
	// searched are the types of which the event log was read.
	searched map[string]bool
}

func newSeen(recent func(context.Context, string) ([]string, error)) *seen {
	return &seen{recent: recent, events: make(map[string][]tailedEvent), searched: make(map[string]bool)}
}

// add adds an event, unless it is there already.
func (s *seen) add(e tailedEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.events[e.Type]
	if e.Invalid != "" || slices.ContainsFunc(of, func(other tailedEvent) bool { return other.ID == e.ID }) {
		return
	}
	of = append(of, e)
	slices.SortStableFunc(of, func(a, b tailedEvent) int { return b.At.Compare(a.At) })
	s.events[e.Type] = of[:min(len(of), mostSeen)]
}

// last returns the last events of a type. If there are too few since the console was
// started, it reads the event log once.
func (s *seen) last(ctx context.Context, eventType string) ([]tailedEvent, error) {
	if s.mustSearch(eventType) {
		messages, err := s.recent(ctx, eventType)
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			s.add(newTailedEvent(message))
		}
		s.mu.Lock()
		s.searched[eventType] = true
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[eventType]), nil
}

func (s *seen) mustSearch(eventType string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events[eventType]) < mostSeen && !s.searched[eventType]
}
