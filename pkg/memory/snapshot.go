package memory

import (
	"maps"

	"example.com/saga/pkg/participant"
)

// Records returns a copy of every record by its subject, for an audit.
func (s *Store) Records() map[string]participant.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := make(map[string]participant.Record, len(s.records))
	for subject, record := range s.records {
		records[subject] = clone(record)
	}
	return records
}

// AllCounters returns a copy of the counters of every adjusted item by its name, for
// an audit.
func (s *Store) AllCounters() map[string]map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	counters := make(map[string]map[string]int64, len(s.counters))
	for item, counts := range s.counters {
		counters[item] = maps.Clone(counts)
	}
	return counters
}
