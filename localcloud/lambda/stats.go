package lambda

import (
	"slices"
	"time"
)

// billingStep is the unit in which Lambda bills durations.
const billingStep = time.Millisecond

// Stats counts what a function has done.
type Stats struct {
	MemoryMB int
	// Invocations counts failed ones too, and Billed is their durations, each rounded
	// up to a millisecond.
	Invocations int
	Billed      time.Duration
	// Inits are the times from the start of a process until it requested its first
	// event.
	Inits []time.Duration
}

// Stats returns what the function with an ARN has done.
func (s *Service) Stats(arn string) Stats {
	s.mu.Lock()
	p := s.pools[arn]
	s.mu.Unlock()
	if p == nil {
		return Stats{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	stats := p.stats
	stats.MemoryMB, stats.Inits = p.function.MemoryMB, slices.Clone(p.stats.Inits)
	return stats
}

// countInvocation counts an invocation that took so long.
func (p *pool) countInvocation(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Invocations++
	p.stats.Billed += (took + billingStep - 1).Truncate(billingStep)
}

func (p *pool) countInit(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Inits = append(p.stats.Inits, took)
}
