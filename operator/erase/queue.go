package erase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"example.com/saga/operator/deadletter"
)

// maximumRounds bounds how many messages of a queue are looked at: so many times
// deadletter.Maximum.
const maximumRounds = 10

// QueueOutcome is what became of the messages in a queue.
type QueueOutcome struct {
	Queue string
	// Removed counts the messages that were about erased orders or the customer,
	// Unseen those that could not be looked at.
	Removed, Unseen int
	// Err is why one may still be there.
	Err error
}

// sweepAll sweeps all queues at once, because each takes seconds to be seen to be empty.
// Nothing but a dead-letter queue keeps a message that could not be seen: others hand it to
// a context, which ignores it.
func (e *Eraser) sweepAll(ctx context.Context, wanted sought, remove bool) []QueueOutcome {
	queues := slices.Concat(e.Queues, e.DeadLetters)
	outcomes := make([]QueueOutcome, len(queues))
	var group sync.WaitGroup
	for i, queue := range queues {
		group.Go(func() { outcomes[i] = sweep(ctx, queue, wanted, remove) })
	}
	group.Wait()
	for i, swept := range outcomes {
		if i >= len(e.Queues) && swept.Err == nil && swept.Unseen > 0 && remove {
			outcomes[i].Err = fmt.Errorf("%d dead letters could not be seen, because another command holds them or there are too many: %w", swept.Unseen, ErrAgain)
		}
	}
	return outcomes
}

// sweep takes the messages out of a queue, removes what is wanted, and puts the
// others back. It goes on until there are no more: of a FIFO group, the next ones
// come when the first are gone.
func sweep(ctx context.Context, queue deadletter.Queue, wanted sought, remove bool) QueueOutcome {
	outcome := QueueOutcome{Queue: queue.Name}
	count, err := queue.Count(ctx)
	var kept []deadletter.Message
	looked := 0
	for round := 0; count > 0 && round < maximumRounds && err == nil; round++ {
		var taken, stay []deadletter.Message
		if taken, err = queue.Take(ctx, deadletter.Maximum); len(taken) == 0 {
			break
		}
		stay, err = outcome.sort(ctx, queue, taken, wanted, remove)
		looked += len(taken)
		kept = append(kept, stay...)
	}
	outcome.Unseen = max(count-looked, 0)
	outcome.Err = errors.Join(err, queue.PutBack(ctx, kept))
	return outcome
}

// sort removes what is wanted, or only counts it, and returns what stays.
func (o *QueueOutcome) sort(ctx context.Context, queue deadletter.Queue, taken []deadletter.Message, wanted sought, remove bool) ([]deadletter.Message, error) {
	var stay []deadletter.Message
	var problems []error
	for _, l := range taken {
		matches, err := wanted.matches(ctx, l)
		if err == nil && matches && remove {
			err = queue.Remove(ctx, l)
		}
		problems = append(problems, err)
		if err == nil && matches {
			o.Removed++
		}
		if err != nil || !matches || !remove {
			stay = append(stay, l)
		}
	}
	return stay, errors.Join(problems...)
}
