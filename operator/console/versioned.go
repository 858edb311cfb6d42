package console

import "sync"

// versioned is the lock of what it is embedded in, with how often that has changed.
type versioned struct {
	mu      sync.Mutex
	changes int64
}

// stamp returns a number that differs after each change.
func (v *versioned) stamp() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changes
}
