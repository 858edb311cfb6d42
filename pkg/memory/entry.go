package memory

import (
	"context"
	"time"
)

// Balance returns the sum of the entries in an account that have not expired at a time.
func (s *Store) Balance(_ context.Context, account string, at time.Time) (int64, error) {
	var balance int64
	for _, amount := range s.entries(account, at) {
		balance += amount
	}
	return balance, nil
}

// Entries returns the amounts of the entries that Balance adds up, by the subjects of
// their records.
func (s *Store) Entries(_ context.Context, account string, at time.Time) (map[string]int64, error) {
	return s.entries(account, at), nil
}

func (s *Store) entries(account string, at time.Time) map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := make(map[string]int64)
	for subject, record := range s.records {
		if record.Entry.Account == account && record.Entry.ExpiresAt.After(at) {
			entries[subject] = record.Entry.Amount
		}
	}
	return entries
}
