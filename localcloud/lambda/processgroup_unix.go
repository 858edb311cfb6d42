//go:build unix && !linux

package lambda

import "syscall"

// attributes puts a process into a group of its own, so that it can be ended with
// its children. These systems have no signal for the death of a parent; a
// runtime that loses its Runtime API ends by itself.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
