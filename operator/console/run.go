package console

import (
	"context"
	"sync"
	"time"
)

// retry is the time until the event log is read again after an error.
const retry = 5 * time.Second

// Run keeps the console up to date until ctx ends. What fails is shown in the console,
// and tried again.
func (c *Console) Run(ctx context.Context) {
	filled := make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { c.follow(ctx, filled) })
	both.Go(func() { c.poll(ctx, filled) })
	both.Wait()
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
	if e.Order != "" {
		c.Orders.Touch(e.Order)
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
		sleep(ctx, c.Every)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
