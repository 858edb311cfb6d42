package lambda

import (
	"os/exec"
	"runtime"
	"sync"
)

// starter starts processes from one operating system thread that lives as long
// as the service. Linux can kill a child when its parent dies, but takes the
// thread that started it for the parent, and Go's threads may end at any time.
type starter struct {
	requests chan startRequest
	closing  sync.Once
	closed   chan struct{}
}

type startRequest struct {
	command *exec.Cmd
	result  chan error
}

func newStarter() *starter {
	s := &starter{requests: make(chan startRequest), closed: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			select {
			case request := <-s.requests:
				request.result <- request.command.Start()
			case <-s.closed:
				return
			}
		}
	}()
	return s
}

func (s *starter) start(command *exec.Cmd) error {
	request := startRequest{command: command, result: make(chan error, 1)}
	select {
	case s.requests <- request:
		return <-request.result
	case <-s.closed:
		return errClosed
	}
}

// close ends the thread, and with it what processes are left.
func (s *starter) close() {
	s.closing.Do(func() { close(s.closed) })
}
