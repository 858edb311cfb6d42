package console

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

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

// Outcome is what became of a dead letter.
type Outcome struct {
	ID, Type, Text string
	Failed         bool
}

// letterbox has the dead letters as they were when a queue's depth last changed: to look
// at a dead letter is to receive it, which hides it from other receivers for a moment.
type letterbox struct {
	source DeadLetters

	refreshing sync.Mutex // held during a refresh

	mu      sync.Mutex // guards the rest
	depths  map[string]int
	letters map[string][]dlq.DeadLetter
	// stale are the queues to look at whatever their depth.
	stale   map[string]bool
	changes int64
}

func newLetterbox(source DeadLetters) *letterbox {
	return &letterbox{
		source: source, depths: make(map[string]int), letters: make(map[string][]dlq.DeadLetter), stale: make(map[string]bool),
	}
}

// refresh looks at the queues whose depth has changed.
func (l *letterbox) refresh(ctx context.Context) error {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	depths, err := l.source.Depths(ctx)
	if err != nil {
		return err
	}
	for _, queue := range slices.Sorted(maps.Keys(depths)) {
		if !l.changed(queue, depths[queue]) {
			continue
		}
		var found []dlq.DeadLetter
		if depths[queue] > 0 {
			if found, err = l.source.Read(ctx, queue); err != nil {
				return err
			}
		}
		l.put(queue, depths[queue], found)
	}
	return nil
}

func (l *letterbox) changed(queue string, depth int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stale[queue] || l.depths[queue] != depth
}

func (l *letterbox) put(queue string, depth int, found []dlq.DeadLetter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.stale, queue)
	l.depths[queue], l.letters[queue] = depth, found
	l.changes++
}

// outdate has a queue looked at in the next refresh.
func (l *letterbox) outdate(queue string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stale[queue] = true
}

// total returns how many dead letters there are.
func (l *letterbox) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	total := 0
	for _, depth := range l.depths {
		total += depth
	}
	return total
}

// all returns the dead letters that could be received, the oldest first.
func (l *letterbox) all() []dlq.DeadLetter {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Concat(slices.Collect(maps.Values(l.letters))...)
	slices.SortFunc(all, func(a, b dlq.DeadLetter) int { return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.ID, b.ID)) })
	return all
}

// orders returns the orders that have a dead letter.
func (l *letterbox) orders() map[string]bool {
	orders := make(map[string]bool)
	for _, letter := range l.all() {
		if letter.Event.Order != "" {
			orders[letter.Event.Order] = true
		}
	}
	return orders
}

func (l *letterbox) stamp() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}
