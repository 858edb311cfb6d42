package participanttest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/saga/pkg/participant"
)

// racers is how many goroutines commit at the same time.
const racers = 20

// race runs a function in many goroutines at the same time.
func race(run func(n int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for n := range racers {
		group.Go(func() {
			<-start
			run(n)
		})
	}
	close(start)
	group.Wait()
}

func (s suite) concurrentFirstCommits(t *testing.T) {
	store := s.newStore(t)
	subject := unique("order")
	records := make([]participant.Record, racers)
	for n := range records {
		records[n] = newRecord()
		records[n].Subject = subject
	}
	var winners atomic.Int64
	var winner atomic.Int64
	race(func(n int) {
		err := store.Commit(t.Context(), records[n], nil)
		switch {
		case err == nil:
			winners.Add(1)
			winner.Store(int64(n))
		case !errors.Is(err, participant.ErrConflict):
			t.Errorf("racer %d: %v", n, err)
		}
	})
	if winners.Load() != 1 {
		t.Fatalf("%d first commits have won", winners.Load())
	}
	want := records[winner.Load()]
	want.Version = 1
	assertRecord(t, store, want)
}
