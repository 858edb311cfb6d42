package lambda

import (
	"context"
	"errors"
	"sync"
)

// pool holds the processes of one function. An invocation reserves a slot
// first. There are as many slots as the function's concurrency, so there are
// never more processes than that.
type pool struct {
	function Function
	config   *Config
	starter  *starter

	slots chan struct{}
	gate  gate

	mu     sync.Mutex
	idle   []*process
	all    map[*process]struct{}
	closed bool
	stats  Stats
}

func newPool(f Function, config *Config, starter *starter) *pool {
	return &pool{
		function: f, config: config, starter: starter,
		slots: make(chan struct{}, f.Concurrency), all: map[*process]struct{}{},
	}
}

// tryReserve reserves a slot if one is free.
func (p *pool) tryReserve() bool {
	select {
	case p.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// reserve waits for a slot. If ctx is done already, it returns its error, even
// if a slot is free.
func (p *pool) reserve(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) release() { <-p.slots }

// warm starts a process unless one is there already.
func (p *pool) warm(ctx context.Context) error {
	if err := p.reserve(ctx); err != nil {
		return err
	}
	defer p.release()
	started, err := p.obtain(ctx)
	if err != nil {
		return err
	}
	p.keepIdle(started)
	return nil
}

// invoke runs an invocation in a process of its own. The caller has reserved a
// slot. An invocation that has begun does not end with its caller's context.
func (p *pool) invoke(ctx context.Context, inv *invocation) Result {
	ctx = context.WithoutCancel(ctx)
	for {
		running, err := p.obtain(ctx)
		if err != nil {
			return inv.initFailure(err)
		}
		began := p.config.Clock()
		result, taken := running.run(inv, p.function.Timeout)
		took := p.config.Clock().Sub(began)
		if running.alive() {
			p.keepIdle(running)
		} else {
			p.discard(running)
		}
		// A process may die while it is idle; the next one gets the event.
		if taken {
			p.countInvocation(took)
			return result
		}
	}
}

var errClosed = errors.New("the service is closed")

// obtain takes the process that was used last, because it is the warmest, or
// starts one.
func (p *pool) obtain(ctx context.Context) (*process, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if last := len(p.idle) - 1; last >= 0 {
		warm := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return warm, nil
	}
	p.mu.Unlock()
	return p.start(ctx)
}

func (p *pool) start(ctx context.Context) (*process, error) {
	began := p.config.Clock()
	started, err := startProcess(ctx, &p.function, p.config, p.starter)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.all[started] = struct{}{}
	closed := p.closed
	p.mu.Unlock()
	if closed {
		p.discard(started)
		return nil, errClosed
	}
	if err := started.awaitReady(ctx); err != nil {
		p.discard(started)
		return nil, err
	}
	p.countInit(p.config.Clock().Sub(began))
	return started, nil
}

func (p *pool) keepIdle(used *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, used)
}

func (p *pool) discard(dead *process) {
	dead.stop(p.config.Grace)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, dead)
}

// close ends all processes, those that run an invocation too.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	var ends sync.WaitGroup
	for running := range p.all {
		ends.Go(func() { running.stop(p.config.Grace) })
	}
	p.mu.Unlock()
	ends.Wait()
}
