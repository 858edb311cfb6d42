package lambda

import "syscall"

// processAttributes puts a process into a group of its own, so that it can be ended with
// its children, and has the kernel kill it should the local cloud die.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
