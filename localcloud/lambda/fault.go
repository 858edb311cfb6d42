package lambda

import (
	"syscall"
	"time"
)

// Exempt reports whether the process with this session token must not be hit by
// a fault: there is no such process, or it works on the last attempt of a
// delivery.
func (s *Service) Exempt(session string) bool {
	p := s.process(session)
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current == nil || p.current.isLastAttempt
}

// Kill ends the process with this session token at once, and returns when it
// has ended.
func (s *Service) Kill(session string) {
	if p := s.process(session); p != nil {
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
}

// TimeOut ends the invocation of the process with this session token as if its
// time were over.
func (s *Service) TimeOut(session string) {
	p := s.process(session)
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline != nil {
		p.deadline.Reset(0)
	}
}

func (s *Service) process(session string) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.functions {
		for _, p := range f.pools() {
			for _, running := range p.processes() {
				if running.session == session {
					return running
				}
			}
		}
	}
	return nil
}

// setCurrent sets the invocation that runs; nil is none.
func (p *process) setCurrent(inv *invocation, deadline *time.Timer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current, p.deadline = inv, deadline
}
