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

// concurrentTakers commits in every racer until a commit is refused. Concurrent
// transactions on one item may conflict; after a conflict it tries again.
func (s suite) concurrentTakers(t *testing.T) {
	store := s.newStore(t)
	const pieces, each = 23, 3
	item := unique("stock")
	commit(t, store, newRecord(), add(item, map[string]int64{"on_hand": pieces}))
	var taken atomic.Int64
	race(func(n int) {
		for {
			err := store.Commit(t.Context(), newRecord(), []participant.Adjustment{
				add(item, map[string]int64{"on_hand": -each, "reserved": each}),
			})
			_, refused := errors.AsType[*participant.RefusedError](err)
			switch {
			case refused:
				return
			case err == nil:
				taken.Add(each)
			case !errors.Is(err, participant.ErrConflict):
				t.Errorf("racer %d: %v", n, err)
				return
			}
		}
	})
	if want := int64(pieces - pieces%each); taken.Load() != want {
		t.Errorf("%d of %d pieces were taken, %d could be", taken.Load(), pieces, want)
	}
	assertCounters(t, store, item, map[string]int64{"on_hand": pieces - taken.Load(), "reserved": taken.Load()})
}
