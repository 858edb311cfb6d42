package console

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"example.com/saga/operator/activity"
	"example.com/saga/operator/orderview"
	"example.com/saga/operator/stack"
)

// mostHistories is how many orders the attempts are kept of: those of the last ones.
const mostHistories = 5000

// history has the attempts of functions at the events of orders, in a local cloud.
type history struct {
	mu sync.Mutex

	// last is the id of the last notice that was read.
	last string
	// since is when the last gap ended, or zero: attempts from before may be missing.
	since    time.Time
	attempts map[string][]orderview.Attempt
	// orders are those of attempts, in the order in which they began.
	orders []string
	// ended is how processes ended, by the request of which the attempt follows.
	ended map[string]string
}

func newHistory() *history {
	return &history{attempts: make(map[string][]orderview.Attempt), ended: make(map[string]string)}
}

// note notes what has happened at a time.
func (h *history) note(n activity.Notice, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = cmp.Or(n.ID, h.last)
	switch {
	case n.Missed != nil:
		h.since = now
	case n.Ended != nil && n.Ended.Request != "":
		h.ended[n.Ended.Request] = n.Ended.Reason
	case n.Attempt != nil:
		for _, part := range n.Attempt.Parts {
			h.add(*n.Attempt, part)
		}
		delete(h.ended, n.Attempt.Request)
	}
}

// add adds an attempt at an event. h.mu is locked.
func (h *history) add(a activity.Attempt, part activity.Part) {
	if part.Subject == "" {
		return
	}
	attempt := orderview.Attempt{
		Time: a.Time, Function: a.Function, Context: stack.ContextOf(a.Function), EventType: part.Type, EventID: part.ID,
		Number: part.Attempt, Most: a.Attempts, Ended: h.ended[a.Request],
	}
	if part.Failed {
		attempt.Failed = a.Reason
	}
	if _, known := h.attempts[part.Subject]; !known {
		h.orders = append(h.orders, part.Subject)
	}
	h.attempts[part.Subject] = append(h.attempts[part.Subject], attempt)
	if len(h.orders) > mostHistories {
		delete(h.attempts, h.orders[0])
		h.orders = h.orders[1:]
	}
}

// of returns the attempts at the events of an order that was placed at a time, or nil if
// not all of them are known.
func (h *history) of(order string, placedAt time.Time) []orderview.Attempt {
	h.mu.Lock()
	defer h.mu.Unlock()
	if placedAt.Before(h.since) {
		return nil
	}
	return slices.Clone(h.attempts[order])
}

// count returns how many attempts there are at the events of an order.
func (h *history) count(order string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.attempts[order])
}

// lastID returns the id of the last notice that was read.
func (h *history) lastID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// followActivity follows what happens in a local cloud.
func (c *Console) followActivity(ctx context.Context) {
	if c.Activity == nil {
		c.status.set(partActivity, nil)
		return
	}
	for ctx.Err() == nil {
		err := c.Activity.Follow(ctx, c.history.lastID(), func() { c.status.set(partActivity, nil) }, func(n activity.Notice) {
			c.history.note(n, c.Clock())
			c.pulse.beat()
			c.wake()
		})
		c.status.set(partActivity, err)
		c.pulse.beat()
		sleep(ctx, retry)
	}
}
