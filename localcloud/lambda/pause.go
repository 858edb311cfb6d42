package lambda

import (
	"context"
	"sync"
)

// gate holds back the events and messages for a function while it is paused.
type gate struct {
	mu sync.Mutex
	// opened is closed when the gate opens; nil while it is open.
	opened chan struct{}
}

// set opens the gate, or closes it.
func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case open && g.opened != nil:
		close(g.opened)
		g.opened = nil
	case !open && g.opened == nil:
		g.opened = make(chan struct{})
	}
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened == nil
}

// wait returns when the gate is open, or ctx is done.
func (g *gate) wait(ctx context.Context) {
	for ctx.Err() == nil {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		if opened == nil {
			return
		}
		select {
		case <-opened:
		case <-ctx.Done():
		}
	}
}

// SetPaused pauses a function, or resumes it. While it is paused, the events of
// asynchronous invocations and the messages of queues are held back. Synchronous
// calls are not: their callers cannot wait.
func (s *Service) SetPaused(arn string, paused bool) {
	if f := s.function(arn); f != nil {
		f.gate.set(!paused)
	}
}

// IsPaused reports whether a function is paused.
func (s *Service) IsPaused(arn string) bool {
	f := s.function(arn)
	return f != nil && !f.gate.isOpen()
}
