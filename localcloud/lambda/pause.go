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

// Pause holds back the events of asynchronous invocations, and the messages of
// queues, until Resume. Synchronous calls are not held back: their callers
// cannot wait.
func (s *Service) Pause(arn string) {
	if f := s.function(arn); f != nil {
		f.gate.set(false)
	}
}

// Resume ends every Pause.
func (s *Service) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.functions {
		f.gate.set(true)
	}
}
