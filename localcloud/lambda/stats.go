package lambda

import "time"

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
