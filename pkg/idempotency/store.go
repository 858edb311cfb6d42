package idempotency

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrConflict is returned by a Store if a write conflicts with a concurrent one. Nothing was
// written, and a Runner repeats it.
var ErrConflict = errors.New("a concurrent write of the same item")

// Record is what is stored about a key.
type Record struct {
	Key string
	// Content is the hash of the content.
	Content string
	// Run is the random id of the run that has written the record.
	Run string
	// Until is the end of the run's lease, in milliseconds.
	Until time.Time
	// ExpiresAt is when the record may be deleted, in seconds.
	ExpiresAt time.Time
	// Answer is nil while the run is in progress.
	Answer []byte
}

// Store keeps records. W is a write of another item, which is committed with an answer.
type Store[W any] interface {
	// Begin writes the record of a run in progress, and returns nil. If another record
	// stands it is returned, and nothing is written. A record stands until it expires. One in
	// progress stands in the way of the same content until the end of its lease, and never in
	// that of its own run, whose call is repeated if its answer was lost.
	Begin(ctx context.Context, record Record, now time.Time) (standing *Record, err error)
	// Complete stores the answer of a record and makes the writes: all or nothing.
	// ErrTakenOver is returned if the record is no longer that of the run. If a write is
	// refused, the error is that of the store. Complete may be repeated by its run.
	Complete(ctx context.Context, record Record, writes []W) error
	// Release deletes the record of the run, unless it has an answer or is that of another
	// run.
	Release(ctx context.Context, record Record) error
}

// Memory is a Store in memory, safe for concurrent use. It passes the same suite as the store
// on DynamoDB.
type Memory[W any] struct {
	apply   func([]W) error
	mu      sync.Mutex
	records map[string]Record
}

// NewMemory makes an empty store. The function apply makes all of the writes, or none and
// returns an error. It is not called concurrently.
func NewMemory[W any](apply func(writes []W) error) *Memory[W] {
	return &Memory[W]{apply: apply, records: make(map[string]Record)}
}

// Begin implements Store.
func (m *Memory[W]) Begin(_ context.Context, record Record, now time.Time) (*Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	standing := m.records[record.Key]
	isOver := standing.Answer == nil && standing.Content == record.Content && !standing.Until.After(now)
	if standing.ExpiresAt.After(now) && !isOver && standing.Run != record.Run {
		standing.Answer = slices.Clone(standing.Answer)
		return &standing, nil
	}
	m.records[record.Key] = record
	return nil, nil
}

// Complete implements Store.
func (m *Memory[W]) Complete(_ context.Context, record Record, writes []W) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	standing := m.records[record.Key]
	if standing.Run != record.Run {
		return ErrTakenOver
	}
	if standing.Answer != nil {
		return nil
	}
	if err := m.apply(writes); err != nil {
		return err
	}
	record.Answer = slices.Clone(record.Answer)
	m.records[record.Key] = record
	return nil
}

// Release implements Store.
func (m *Memory[W]) Release(_ context.Context, record Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if standing := m.records[record.Key]; standing.Run == record.Run && standing.Answer == nil {
		delete(m.records, record.Key)
	}
	return nil
}
