package console

import (
	"context"
	"sync"
	"time"
)

// retry is the time until the event log is read again after an error.
const retry = 5 * time.Second

// pace is the time between two polls at least: each reads what many events have changed.
const pace = 200 * time.Millisecond

// Run keeps the console up to date until ctx ends, and then ends its streams. What fails is
// shown in the console, and tried again.
func (c *Console) Run(ctx context.Context) {
	defer close(c.over)
	filled := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { c.follow(ctx, filled) })
	all.Go(func() { c.poll(ctx, filled) })
	all.Go(func() { c.followActivity(ctx) })
	all.Wait()
}

// follow follows the event log, and closes filled when the list has all orders from
// before.
func (c *Console) follow(ctx context.Context, filled chan<- struct{}) {
	var once sync.Once
	for ctx.Err() == nil {
		err := c.Follow(ctx, func() {
			// Events that were missed while the log could not be read are in the table.
			c.status.set(partTable, c.Orders.Fill(ctx))
			once.Do(func() { close(filled) })
			c.status.set(partLog, nil)
			c.pulse.beat()
		}, c.see)
		c.status.set(partLog, err)
		c.pulse.beat()
		sleep(ctx, retry)
	}
}

// see notes what is in the event log.
func (c *Console) see(message string) {
	e := newTailedEvent(message)
	c.tail.add(e)
	c.seen.add(e)
	if e.Order != "" {
		c.Orders.Touch(e.Order)
	}
	if c.Activity != nil { // In AWS each poll costs money.
		c.wake()
	}
}

// wake lets the next poll begin.
func (c *Console) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// poll reads what has changed.
func (c *Console) poll(ctx context.Context, filled <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-filled:
	}
	for ctx.Err() == nil {
		c.status.set(partOrders, c.Orders.Refresh(ctx))
		c.status.set(partDeadLetters, c.cached.refresh(ctx))
		c.status.set(partFaults, c.refreshFaults(ctx))
		c.pulse.beat()
		sleep(ctx, min(pace, c.Every))
		select {
		case <-ctx.Done():
		case <-c.woken:
		case <-time.After(c.Every):
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
