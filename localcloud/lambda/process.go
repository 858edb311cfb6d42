package lambda

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/wire"
)

// outputDelay is how long output may be in the pipe of a process after the response,
// which comes another way.
const outputDelay = 50 * time.Millisecond

// busyAgain is the wait before another start of a program that was busy.
const busyAgain = 10 * time.Millisecond

// process is one execution environment: an operating system process with a
// Runtime API of its own. It runs one invocation at a time.
type process struct {
	command *exec.Cmd
	code    code
	// session is the token of its calls.
	session string
	api     *runtimeAPI
	output  *lines
	clock   func() time.Time
	// ended reports the end of the process during a request, unless it is reported elsewhere.
	ended func(request, reason string)

	// exited is closed when the process has ended and all its output is
	// written; exit is its error then.
	exited chan struct{}
	exit   error
	// last is the last line that it has written. It is there once the process has ended.
	last string

	stopping sync.Once
	// reported is set while the end of the process is reported elsewhere: before it is
	// ready, and once the local cloud itself ends it.
	reported atomic.Bool

	mu sync.Mutex
	// current is the invocation that runs, deadline the timer that ends it.
	current  *invocation
	deadline *time.Timer
}

// startProcess starts the operating system process; awaitReady waits for it.
func startProcess(ctx context.Context, of *pool, from code) (*process, error) {
	f, config := of.function, of.function.config
	api, err := newRuntimeAPI(ctx, f.Name, config.Logger)
	if err != nil {
		return nil, err
	}
	stream := streamName(config.Clock(), &f.Function, of.version)
	p := &process{
		code:    from,
		session: stream,
		api:     api,
		output:  &lines{write: func(line string) { config.Log(f.Name, stream, line) }},
		clock:   config.Clock,
		exited:  make(chan struct{}),
	}
	p.ended = func(request, reason string) {
		config.Ended(activity.Ending{Function: f.ARN, PID: p.command.Process.Pid, Request: request, Reason: reason})
	}
	p.reported.Store(true)
	if err := p.start(ctx, &f.service.watchdog, processEnvironment(of, from, api.address, stream)); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", from.bootstrap, err), api.close())
	}
	go p.watch(&f.service.watchdog)
	return p, nil
}

// start starts the program. One that is being written is busy until that is done.
func (p *process) start(ctx context.Context, watchdog *watchdog, environment []string) error {
	ctx, cancel := context.WithTimeout(ctx, initTimeout)
	defer cancel()
	for {
		p.command = &exec.Cmd{
			Path: p.code.bootstrap, Args: []string{p.code.bootstrap}, Dir: filepath.Dir(p.code.bootstrap), Env: environment,
			// One writer for both keeps their lines in order.
			Stdout: p.output, Stderr: p.output,
			// A child of the process could hold its output open for ever.
			WaitDelay: time.Second,
		}
		err := watchdog.start(p.command)
		if !errors.Is(err, syscall.ETXTBSY) || wire.Sleep(ctx, busyAgain) != nil {
			return err
		}
	}
}

// watch waits for the end of the process, then ends its children.
func (p *process) watch(watchdog *watchdog) {
	err := p.command.Wait()
	if !errors.Is(err, exec.ErrWaitDelay) {
		p.exit = err
	}
	p.signal(syscall.SIGKILL)
	if err := errors.Join(killStrays(p.session), watchdog.ended(p.command.Process.Pid)); err != nil {
		p.output.line("the local cloud could not end the children of the process: " + err.Error())
	}
	p.output.flush()
	tail := strings.TrimSuffix(string(p.output.tail()), "\n")
	p.last = tail[strings.LastIndex(tail, "\n")+1:]
	if !p.reported.Load() {
		request, prefix := p.request(), ""
		if request != "" {
			prefix = "RequestId: " + request + " "
		}
		p.output.line(prefix + "Error: " + p.exitReason())
		p.ended(request, p.exitReason())
	}
	close(p.exited)
}

// signal sends a signal to the process and its children. That none is left is no
// failure.
func (p *process) signal(signal syscall.Signal) {
	if err := syscall.Kill(-p.command.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, syscall.EPERM) {
		p.output.line("the local cloud could not signal the process: " + err.Error())
	}
}

// awaitReady waits until the process requests its first event.
func (p *process) awaitReady(ctx context.Context, timeout time.Duration) error {
	failure := &initError{}
	select {
	case <-p.api.ready:
		p.reported.Store(false)
		return nil
	case failure.payload = <-p.api.initFailed:
		failure.reason = "it reported an error while it initialized"
		// Its last output is still to be read.
		p.awaitExit(time.Second)
	case <-p.exited:
		failure.reason = p.exitReason()
	case <-time.After(timeout):
		failure.reason = fmt.Sprintf("it did not ask for an event within %s", timeout)
	case <-ctx.Done():
		failure.reason = ctx.Err().Error()
	}
	failure.output = strings.TrimSuffix(string(p.output.tail()), "\n")
	return failure
}

// request returns the id of the invocation that runs, or "".
func (p *process) request() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return ""
	}
	return p.current.id
}

func (p *process) awaitExit(limit time.Duration) {
	select {
	case <-p.exited:
	case <-time.After(limit):
	}
}

func (p *process) exitReason() string {
	if p.exit == nil {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + p.exit.Error()
}

// run passes an invocation to the process and waits until it is over: until the
// process requests the next event, ends, or is killed at the deadline. It is
// not taken if the process has ended before.
func (p *process) run(inv *invocation, timeout time.Duration) (result Result, taken bool) {
	inv.deadline = p.clock().Add(timeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	p.setCurrent(inv, timer)
	defer p.setCurrent(nil, nil)
	p.output.forget()
	// Its request for an event may outlive it for some milliseconds.
	if errors.Is(syscall.Kill(p.command.Process.Pid, 0), syscall.ESRCH) {
		<-p.exited
		return Result{}, false
	}
	select {
	case p.api.work <- inv:
	case <-p.exited:
		return Result{}, false
	case <-timer.C:
		// It runs, but no longer requests events.
		p.signal(syscall.SIGKILL)
		<-p.exited
		return Result{}, false
	}
	var late bool
	select {
	case result = <-inv.answered:
		late = p.awaitNext(timer.C)
	case <-timer.C:
		late = true
		result = inv.failure("Sandbox.Timedout", "Task timed out after %.2f seconds", timeout.Seconds())
	case <-p.exited:
		result = p.lastAnswer(inv)
	}
	if late {
		p.reported.Store(true)
		reason := fmt.Sprintf("Task timed out after %.2f seconds", timeout.Seconds())
		p.output.line(inv.id + " " + reason)
		p.ended(inv.id, reason)
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
	if inv.wantsLog {
		p.awaitExit(outputDelay)
		result.Log = p.output.tail()
	}
	return result, true
}

// awaitNext waits until the process requests the next event. An invocation is
// not over before: until then the process may still work, or exit.
func (p *process) awaitNext(deadline <-chan time.Time) (late bool) {
	select {
	case <-p.api.ready:
	case <-p.exited:
	case <-deadline:
		return true
	}
	return false
}

// lastAnswer is what an ended process has answered just before, or its exit.
func (p *process) lastAnswer(inv *invocation) Result {
	select {
	case result := <-inv.answered:
		return result
	default:
		result := inv.failure("Runtime.ExitError", "%s", p.exitReason())
		result.output = p.last
		return result
	}
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stop ends the process with SIGTERM, and with SIGKILL if it has not ended
// after the grace period.
func (p *process) stop(grace time.Duration) {
	p.stopping.Do(func() {
		p.reported.Store(true)
		if p.alive() {
			p.signal(syscall.SIGTERM)
			p.awaitExit(grace)
		}
		if p.alive() {
			p.signal(syscall.SIGKILL)
		}
		if err := p.api.close(); err != nil {
			p.output.line("the local cloud could not close the Runtime API: " + err.Error())
		}
	})
	<-p.exited
}
