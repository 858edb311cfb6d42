package sqs

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"example.com/saga/localcloud/compact"
	"example.com/saga/localcloud/loss"
)

// store holds one queue's messages. Its methods run under the service's lock and
// take the time as an argument.
type store struct {
	Queue

	// messages are in the order of arrival. A message that becomes visible again
	// keeps its place, which keeps the order of its group.
	messages []*message
	byID     map[string]*message
	// groups are the messages of a FIFO queue by their group, in order.
	groups map[string][]*message
	recent deduplication
	// firstExpiry is not after the earliest expiry of any message.
	firstExpiry time.Time

	lost  loss.Report
	texts *compact.Texts

	requests Requests

	// changed is closed, and replaced, whenever more messages may be received.
	changed chan struct{}

	created, purged time.Time
	tasks           []MoveTask
}

func newStore(q Queue, now time.Time, lost loss.Report, texts *compact.Texts) *store {
	return &store{
		Queue: q, created: now, lost: lost, texts: texts,
		byID: map[string]*message{}, groups: map[string][]*message{},
		recent: deduplication{seen: map[[sha256.Size]byte]sent{}}, changed: make(chan struct{}),
	}
}

// wake ends the waits of all long polls, which then try again.
func (q *store) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// add appends a message whose order is higher than that of any other.
func (q *store) add(m *message) {
	q.messages = append(q.messages, m)
	q.byID[m.id] = m
	if q.FIFO {
		q.groups[m.group] = append(q.groups[m.group], m)
	}
	if q.firstExpiry.IsZero() || m.expires.Before(q.firstExpiry) {
		q.firstExpiry = m.expires
	}
	q.wake()
}

func (q *store) remove(m *message) {
	q.messages = without(q.messages, m)
	delete(q.byID, m.id)
	if q.FIFO {
		q.groups[m.group] = without(q.groups[m.group], m)
		if len(q.groups[m.group]) == 0 {
			delete(q.groups, m.group)
		}
		// The next of the group may now be free.
		q.wake()
	}
}

func without(messages []*message, m *message) []*message {
	at, found := slices.BinarySearchFunc(messages, m, func(a, b *message) int { return cmp.Compare(a.order, b.order) })
	if !found {
		return messages
	}
	return slices.Delete(messages, at, at+1)
}

func (q *store) clear() {
	q.messages, q.byID, q.groups = nil, map[string]*message{}, map[string][]*message{}
	q.firstExpiry = time.Time{}
}

// expire removes the messages that are older than the retention period: they are lost.
func (q *store) expire(now time.Time) {
	if q.firstExpiry.IsZero() || now.Before(q.firstExpiry) {
		return
	}
	q.firstExpiry = time.Time{}
	for _, m := range slices.Clone(q.messages) {
		switch {
		case !now.Before(m.expires):
			q.remove(m)
			q.lost.Lost(loss.Loss{
				Kind: loss.Queue, Name: q.ARN, Event: loss.Identify([]byte(q.texts.Read(m.body))),
				Reason: fmt.Sprintf("the message %s was not deleted within the retention of %s; it was received %d times", m.id, q.Retention, m.receives),
			})
		case q.firstExpiry.IsZero() || m.expires.Before(q.firstExpiry):
			q.firstExpiry = m.expires
		}
	}
}

func (q *store) counts(now time.Time) Counts {
	q.expire(now)
	var counts Counts
	for _, m := range q.messages {
		switch {
		case !m.hidden(now):
			counts.Visible++
		case m.lastReceived.IsZero():
			counts.Delayed++
		default:
			counts.InFlight++
		}
	}
	return counts
}

// nextVisible is when the next hidden message becomes visible by itself; zero if
// there is none.
func (q *store) nextVisible(now time.Time) time.Time {
	var next time.Time
	for _, m := range q.messages {
		if m.hidden(now) && (next.IsZero() || m.visibleAt.Before(next)) {
			next = m.visibleAt
		}
	}
	return next
}

// pick chooses, in the given order, up to limit messages that can be received now, and those in their
// way that have been received too often and belong in the dead-letter queue.
func (q *store) pick(messages []*message, now time.Time, limit int) (chosen, dead []*message) {
	visited := map[string]bool{}
	for _, m := range messages {
		if len(chosen) == limit {
			break
		}
		candidates := []*message{m}
		if q.FIFO {
			if visited[m.group] {
				continue
			}
			visited[m.group] = true
			candidates = receivable(q.groups[m.group], now)
		}
		for _, candidate := range candidates {
			switch {
			case len(chosen) == limit || candidate.hidden(now):
			case q.isOverReceived(candidate):
				dead = append(dead, candidate)
			default:
				chosen = append(chosen, candidate)
			}
		}
	}
	return chosen, dead
}

// receivable returns the messages at the head of a group up to the first hidden
// one, which blocks those after it. A message whose delete was lost by a fault
// waits for its whole group. Otherwise losing the delete would break the mutual
// exclusion within a group on which the consumer relies.
func receivable(group []*message, now time.Time) []*message {
	hidden := slices.IndexFunc(group, func(m *message) bool { return m.hidden(now) })
	if hidden < 0 {
		return group
	}
	lost := slices.IndexFunc(group[:hidden], func(m *message) bool { return m.lostDeletes > 0 })
	if lost >= 0 {
		return group[:lost]
	}
	return group[:hidden]
}

func (q *store) isOverReceived(m *message) bool {
	return q.Redrive != nil && m.receives-m.lostDeletes >= q.Redrive.MaxReceiveCount
}

// deduplication remembers what was sent in the last five minutes, whether or not
// it was received and deleted meanwhile.
type deduplication struct {
	seen  map[[sha256.Size]byte]sent
	order [][sha256.Size]byte
}

// sent is what is returned to the sender of a duplicate.
type sent struct {
	at    time.Time
	id    string
	order uint64
}

const deduplicationWindow = 5 * time.Minute

func (d *deduplication) find(key string, now time.Time) (sent, bool) {
	for len(d.order) > 0 && now.Sub(d.seen[d.order[0]].at) >= deduplicationWindow {
		delete(d.seen, d.order[0])
		d.order = d.order[1:]
	}
	found, ok := d.seen[sha256.Sum256([]byte(key))]
	return found, ok
}

func (d *deduplication) remember(key string, what sent) {
	hash := sha256.Sum256([]byte(key))
	d.seen[hash] = what
	d.order = append(d.order, hash)
}
