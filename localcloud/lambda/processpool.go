package lambda

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// pool holds the processes of one version of a function. An invocation reserves
// a slot of the function first. There are as many slots as the function's
// concurrency, so no more invocations than that run at once.
type pool struct {
	function *function
	version  string

	mu   sync.Mutex
	code code
	idle []*process
	all  map[*process]struct{}
	// retired pools end each process after its invocation, and closed ones start none.
	retired, closed bool
	// What the version has done, as in Stats.
	invocations int
	billed      time.Duration
	inits       []time.Duration
}

func (f *function) newPool(version string, from code) *pool {
	return &pool{function: f, version: version, code: from, all: map[*process]struct{}{}}
}

// warm starts a process unless one is there already.
func (p *pool) warm(ctx context.Context) error {
	if err := p.function.reserve(ctx); err != nil {
		return err
	}
	defer p.function.release()
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
			result := inv.initFailure(err)
			result.Version = p.version
			return result
		}
		began := p.function.config.Clock()
		result, taken := running.run(inv, p.function.orNoTimeout(p.function.Timeout))
		took := p.function.config.Clock().Sub(began)
		if running.alive() {
			p.keepIdle(running)
		} else {
			p.discard(running)
		}
		// A process may die while it is idle; the next one gets the event.
		if taken {
			p.countInvocation(took)
			result.Version = p.version
			return result
		}
	}
}

var errClosed = errors.New("the service is closed")

// current returns the code of the version. Idle processes of older code are ended.
func (p *pool) current() code {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh()
	return p.code
}

// refresh ends the idle processes if the code has changed. p.mu is locked.
func (p *pool) refresh() {
	fresh := p.function.service.codes.refresh(p.code)
	if fresh == p.code {
		return
	}
	for _, old := range p.idle {
		go p.discard(old)
	}
	p.code, p.idle = fresh, nil
}

// obtain takes the process that was used last, because it is the warmest, or
// starts one.
func (p *pool) obtain(ctx context.Context) (*process, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	p.refresh()
	from, last := p.code, len(p.idle)-1
	if last >= 0 {
		warm := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return warm, nil
	}
	p.mu.Unlock()
	return p.start(ctx, from)
}

func (p *pool) start(ctx context.Context, from code) (*process, error) {
	began := p.function.config.Clock()
	started, err := startProcess(ctx, p, from)
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
	if err := started.awaitReady(ctx, p.function.orNoTimeout(initTimeout)); err != nil {
		p.discard(started)
		return nil, err
	}
	p.countInit(p.function.config.Clock().Sub(began))
	if p.function.Debug {
		p.function.config.Debugged(p.function.ARN, started.command.Process.Pid)
	}
	return started, nil
}

func (p *pool) keepIdle(used *process) {
	p.mu.Lock()
	keep := !p.retired && used.code == p.code
	if keep {
		p.idle = append(p.idle, used)
	}
	p.mu.Unlock()
	if !keep {
		p.discard(used)
	}
}

func (p *pool) discard(dead *process) {
	dead.stop(p.function.config.Grace)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, dead)
}

// retire ends the processes that are idle, and every other one after its
// invocation.
func (p *pool) retire() {
	p.mu.Lock()
	p.retired = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, unused := range idle {
		p.discard(unused)
	}
}

// processes returns all processes, those that run an invocation too.
func (p *pool) processes() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.all))
}

// close ends all processes.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	var ends sync.WaitGroup
	for _, running := range p.processes() {
		ends.Go(func() { running.stop(p.function.config.Grace) })
	}
	ends.Wait()
}

// billingStep is the unit in which Lambda bills durations.
const billingStep = time.Millisecond

// Stats counts what a function has done, all versions together.
type Stats struct {
	MemoryMB int
	// Invocations counts failed ones too, and Billed is their durations, each rounded
	// up to a millisecond.
	Invocations int
	Billed      time.Duration
	// Versions has the part of the invocations of each version.
	Versions map[string]int
	// Inits are the times from the start of a process until it requested its first
	// event.
	Inits []time.Duration
	// Processes are the ids of the processes that run. Each is also that of a group, with
	// the processes that it has started.
	Processes []int
}

// Stats returns what the function with an ARN has done.
func (s *Service) Stats(arn string) Stats {
	f := s.function(arn)
	if f == nil {
		return Stats{}
	}
	stats := Stats{MemoryMB: f.MemoryMB, Versions: map[string]int{}}
	for _, p := range f.pools() {
		p.addStats(&stats)
	}
	return stats
}

func (p *pool) addStats(to *Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to.Invocations += p.invocations
	to.Billed += p.billed
	to.Inits = append(to.Inits, p.inits...)
	if p.invocations > 0 {
		to.Versions[p.version] += p.invocations
	}
	for running := range p.all {
		to.Processes = append(to.Processes, running.command.Process.Pid)
	}
}

// countInvocation counts an invocation that took so long.
func (p *pool) countInvocation(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.invocations++
	p.billed += (took + billingStep - 1).Truncate(billingStep)
}

func (p *pool) countInit(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inits = append(p.inits, took)
}
