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

// Outcome is what became of a dead letter.
type Outcome struct {
	ID, Type, Text string
	Failed         bool
}

// letterbox has the dead letters as they were when a queue's depth last changed: to look
// at a dead letter is to receive it, which hides it from other receivers for a moment.
type letterbox struct {
	source DeadLetters
	clock  func() time.Time

	refreshing sync.Mutex // held during a refresh

	mu      sync.Mutex // guards the rest
	depths  map[string]int
	letters map[string][]dlq.DeadLetter
	// due are the times at which queues are looked at whatever their depth.
	due     map[string]time.Time
	changes int64
}

// lookAgain is the time after which a queue is looked at again that has dead letters which
// could not be received: another receiver has them, or they are behind others of their
// message group.
const lookAgain = 30 * time.Second

func newLetterbox(source DeadLetters, clock func() time.Time) *letterbox {
	return &letterbox{
		source: source, clock: clock,
		depths: make(map[string]int), letters: make(map[string][]dlq.DeadLetter), due: make(map[string]time.Time),
	}
}

// refresh looks at the queues whose depth has changed, and at those that are due.
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
	at, isDue := l.due[queue]
	return l.depths[queue] != depth || isDue && !l.clock().Before(at)
}

func (l *letterbox) put(queue string, depth int, found []dlq.DeadLetter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.due, queue)
	if len(found) < depth {
		l.due[queue] = l.clock().Add(lookAgain)
	}
	l.depths[queue], l.letters[queue] = depth, found
	l.changes++
}

// outdate has a queue looked at in the next refresh.
func (l *letterbox) outdate(queue string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due[queue] = l.clock()
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
