package sandbox

import (
	"context"
	"sync"
)

// Memory is a Ledger in memory, safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	entries map[string]Entry
}

var _ Ledger = (*Memory)(nil)

// NewMemory makes an empty ledger.
func NewMemory() *Memory { return &Memory{entries: make(map[string]Entry)} }

// Open implements Ledger.
func (m *Memory) Open(_ context.Context, reference string, entry Entry) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored, found := m.entries[reference]; found {
		return stored, nil
	}
	m.entries[reference] = entry
	return entry, nil
}

// Bar implements Ledger.
func (m *Memory) Bar(_ context.Context, reference string) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entry := m.entries[reference]
	entry.Barred = true
	m.entries[reference] = entry
	return entry, nil
}
