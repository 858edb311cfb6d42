package console

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"example.com/saga/operator/dlq"
)

// DeadLetters has the dead-letter queues of a saga. A queue is named by its construct
// path.
type DeadLetters interface {
	// Depths returns how many dead letters each queue has.
	Depths(ctx context.Context) (map[string]int, error)
	// Read returns the dead letters of a queue that can be received.
	Read(ctx context.Context, queue string) ([]dlq.DeadLetter, error)
	// Redrive sends the dead letter with an id to its original destination, or all
	// without an id. A dry run only finds the destinations.
	Redrive(ctx context.Context, queue, id string, dryRun bool) ([]Outcome, error)
	// Discard deletes the dead letter with an id, of which a copy is printed.
	Discard(ctx context.Context, queue, id string) ([]Outcome, error)
}

// Outcome is what became of a dead letter, or of an event that was replayed.
type Outcome struct {
	ID, Type, Text string
	Failed         bool
}

// deadLetterCache has the dead letters as they were when a queue's depth last changed: to look
// at a dead letter is to receive it, which hides it from other receivers for a moment.
type deadLetterCache struct {
	source DeadLetters
	clock  func() time.Time

	refreshing sync.Mutex // held during a refresh

	versioned // guards the rest

	depths map[string]int
	found  map[string][]dlq.DeadLetter
	// due are the times at which queues are looked at whatever their depth.
	due map[string]time.Time
}

// lookAgain is the time after which a queue is looked at again that has dead letters which
// could not be received: another receiver has them, or they are behind others of their
// message group.
const lookAgain = 30 * time.Second

func newDeadLetterCache(source DeadLetters, clock func() time.Time) *deadLetterCache {
	return &deadLetterCache{
		source: source, clock: clock,
		depths: make(map[string]int), found: make(map[string][]dlq.DeadLetter), due: make(map[string]time.Time),
	}
}

// refresh looks at the queues whose depth has changed, and at those that are due.
func (c *deadLetterCache) refresh(ctx context.Context) error {
	c.refreshing.Lock()
	defer c.refreshing.Unlock()
	depths, err := c.source.Depths(ctx)
	if err != nil {
		return err
	}
	for _, queue := range slices.Sorted(maps.Keys(depths)) {
		if !c.changed(queue, depths[queue]) {
			continue
		}
		var found []dlq.DeadLetter
		if depths[queue] > 0 {
			if found, err = c.source.Read(ctx, queue); err != nil {
				return err
			}
		}
		c.put(queue, depths[queue], found)
	}
	return nil
}

func (c *deadLetterCache) changed(queue string, depth int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, isDue := c.due[queue]
	return c.depths[queue] != depth || isDue && !c.clock().Before(at)
}

func (c *deadLetterCache) put(queue string, depth int, found []dlq.DeadLetter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.due, queue)
	if len(found) < depth {
		c.due[queue] = c.clock().Add(lookAgain)
	}
	c.depths[queue], c.found[queue] = depth, found
	c.changes++
}

// outdate has a queue looked at in the next refresh.
func (c *deadLetterCache) outdate(queue string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due[queue] = c.clock()
}

// total returns how many dead letters there are.
func (c *deadLetterCache) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, depth := range c.depths {
		total += depth
	}
	return total
}

// all returns the dead letters that could be received, the oldest first.
func (c *deadLetterCache) all() []dlq.DeadLetter {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Concat(slices.Collect(maps.Values(c.found))...)
	slices.SortFunc(all, func(a, b dlq.DeadLetter) int { return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.ID, b.ID)) })
	return all
}

// orders returns the orders that have a dead letter.
func (c *deadLetterCache) orders() map[string]bool {
	orders := make(map[string]bool)
	for _, d := range c.all() {
		if d.Event.Order != "" {
			orders[d.Event.Order] = true
		}
	}
	return orders
}
