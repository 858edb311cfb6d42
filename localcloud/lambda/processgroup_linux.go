package lambda

import "syscall"

// processAttributes puts a process into a group of its own, so that it can be
// ended with its children, and is killed by the kernel when the local cloud
// dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
