package idempotency_test

import (
	"errors"
	"slices"
	"testing"

	"example.com/saga/pkg/idempotency"
	"example.com/saga/pkg/idempotency/idempotencytest"
)

// counters are what the writes of the tests add to. A write is the name of a counter, and one of
// an empty name is refused.
type counters map[string]int

var errRefused = errors.New("refused")

func (c counters) apply(writes []string) error {
	if slices.Contains(writes, "") {
		return errRefused
	}
	for _, name := range writes {
		c[name]++
	}
	return nil
}

func TestTheStoreInMemoryPassesTheSuite(t *testing.T) {
	idempotencytest.TestStore(t, func(*testing.T) idempotencytest.Fixture[string] {
		c := counters{}
		return idempotencytest.Fixture[string]{
			Store:   idempotency.NewMemory(c.apply),
			Add:     func(name string) string { return name },
			Refused: func() string { return "" },
			Count:   func(_ *testing.T, name string) int { return c[name] },
		}
	})
}
