package synthtest

import "fmt"

// PanicMessage returns what a call panics with, or "" if it does not panic.
func PanicMessage(call func()) (message string) {
	defer func() {
		if reason := recover(); reason != nil {
			message = fmt.Sprint(reason)
		}
	}()
	call()
	return ""
}
