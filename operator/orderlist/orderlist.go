// Package orderlist lists the orders of a saga, newest first. No index has them in that
// order, so the list is kept in memory: it is read once from the table of the order
// context, and then follows the events and the orders that have not ended.
package orderlist

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

const (
	// Most is how many orders are kept. The oldest that have ended are dropped.
	Most = 50_000
	// mostLoads is how many records a refresh loads at most: five requests of
	// BatchGetItem. Others have their turn in the next ones.
	mostLoads = 500
	// afterwards is how long after its end an order is still loaded. Its other events may
	// be handled later: on AWS a batch waits for up to 20 seconds while few events arrive
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	afterwards = 30 * time.Second
)

// Table is the table of the order context.
type Table interface {
	// ScanRecords calls each for every record.
	ScanRecords(ctx context.Context, each func(participant.Record)) error
	participant.BatchLoader
}

// List is the list of orders. It is safe for concurrent use.
type List struct {
	table Table
	clock func() time.Time

	refreshing sync.Mutex // held during a refresh

	mu     sync.Mutex // guards the rest
	rows   []*Row     // oldest first
	byID   map[string]*Row
	counts Counts
	// version counts the changes of the list, stamps those of each order.
	version int64
	stamps  map[string]int64
	// due are the orders whose records have to be loaded, each once.
	due   []string
	isDue map[string]bool
}

// Counts is how many orders are in the list.
type Counts struct {
	Placed, Shipped, Cancelled, Running int
}

// New returns an empty list.
func New(table Table, clock func() time.Time) *List {
	return &List{
		table: table, clock: clock, byID: make(map[string]*Row), stamps: make(map[string]int64), isDue: make(map[string]bool),
	}
}

// Fill reads the whole table.
func (l *List) Fill(ctx context.Context) error {
	var failed error
	err := l.table.ScanRecords(ctx, func(record participant.Record) {
		failed = cmp.Or(failed, l.update(record))
	})
	return cmp.Or(err, failed)
}

// Touch marks an order as changed.
func (l *List) Touch(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamps[id]++
	l.touch(id)
}

// again has an order loaded in the next refresh.
func (l *List) again(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.touch(id)
}

func (l *List) touch(id string) {
	if !l.isDue[id] {
		l.isDue[id] = true
		l.due = append(l.due, id)
	}
}

// Refresh loads the orders that were touched, and those that have not ended or have just
// ended: the order context handles an event some time after it was published.
func (l *List) Refresh(ctx context.Context) error {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	ids := l.next()
	if len(ids) == 0 {
		return nil
	}
	records, err := l.table.LoadAll(ctx, ids)
	for _, id := range ids {
		record, loaded := records[id]
		if !loaded {
			l.again(id)
			continue
		}
		err = cmp.Or(err, l.update(record))
	}
	return err
}

// next takes the orders to load.
func (l *List) next() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := slices.Clone(l.due[:min(len(l.due), mostLoads)])
	l.due = l.due[len(ids):]
	for _, id := range ids {
		delete(l.isDue, id)
	}
	return ids
}

// update puts the record of an order into the list. What is no order has no record.
func (l *List) update(record participant.Record) error {
	if record.Version == 0 {
		return nil
	}
	row, err := NewRow(record)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !row.Ended() || l.clock().Sub(row.EndedAt) < afterwards {
		l.touch(row.ID)
	}
	known := l.byID[row.ID]
	if known != nil && *known == row {
		return nil
	}
	if known != nil {
		l.remove(known)
	}
	l.insert(&row)
	l.version++
	l.stamps[row.ID]++
	return nil
}

// insert puts a row in its place, which mostly is the end, and drops the oldest row that
// has ended if there are too many.
func (l *List) insert(row *Row) {
	l.byID[row.ID] = row
	l.counts.add(*row, 1)
	place, _ := slices.BinarySearchFunc(l.rows, row, oldestFirst)
	l.rows = slices.Insert(l.rows, place, row)
	if len(l.rows) <= Most {
		return
	}
	if oldest := slices.IndexFunc(l.rows, func(r *Row) bool { return r.Ended() }); oldest >= 0 {
		delete(l.stamps, l.rows[oldest].ID)
		l.remove(l.rows[oldest])
	}
}

func (l *List) remove(row *Row) {
	delete(l.byID, row.ID)
	l.counts.add(*row, -1)
	if place, found := slices.BinarySearchFunc(l.rows, row, oldestFirst); found {
		l.rows = slices.Delete(l.rows, place, place+1)
	}
}

func oldestFirst(a, b *Row) int {
	return cmp.Or(a.PlacedAt.Compare(b.PlacedAt), cmp.Compare(a.ID, b.ID))
}

// Stamp returns a number that is another one after each change of the list or, with an
// id, after each event about that order.
func (l *List) Stamp(id string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == "" {
		return l.version
	}
	return l.stamps[id]
}

// Counts returns how many orders are in the list.
func (l *List) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Page returns at most so many of the orders that match, newest first and after the
// first ones that are skipped, and how many match. Without a condition all do.
func (l *List) Page(matches func(Row) bool, skip, most int) (page []Row, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if matches == nil {
		for i := len(l.rows) - 1 - skip; i >= 0 && len(page) < most; i-- {
			page = append(page, *l.rows[i])
		}
		return page, len(l.rows)
	}
	for _, row := range slices.Backward(l.rows) {
		if !matches(*row) {
			continue
		}
		if total >= skip && len(page) < most {
			page = append(page, *row)
		}
		total++
	}
	return page, total
}

// Find returns the order with an id, or the only one whose id begins with a text.
func (l *List) Find(text string) (Row, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if row := l.byID[text]; row != nil {
		return *row, true
	}
	const shortest = 8
	var found []Row
	for _, row := range l.rows {
		if len(text) >= shortest && strings.HasPrefix(row.ID, text) {
			found = append(found, *row)
		}
	}
	if len(found) != 1 {
		return Row{}, false
	}
	return found[0], true
}

func (c *Counts) add(row Row, n int) {
	c.Placed += n
	switch {
	case row.Status == order.StatusShipped:
		c.Shipped += n
	case row.Status == order.StatusCancelled:
		c.Cancelled += n
	case !row.Ended():
		c.Running += n
	}
}
