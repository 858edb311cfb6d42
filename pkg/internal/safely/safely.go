// Package safely calls code that may panic.
package safely

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Call returns the error of a call. A panic, runtime.Goexit and an error whose
// methods panic are errors too. The call runs in a goroutine of its own, because
// Goexit ends the goroutine in which it is called.
func Call(call func() error) error {
	returned := make(chan error, 1)
	go func() {
		err := errors.New("runtime.Goexit was called before there was a result")
		defer func() { returned <- err }()
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			}
		}()
		err = usable(call())
	}()
	return <-returned
}

// usable returns the error, or another one in its place if its methods panic, as
// those of a nil pointer often do.
func usable(err error) (result error) {
	defer func() {
		if cause := recover(); cause != nil {
			result = fmt.Errorf("an error of type %T, whose methods panic: %v", err, cause)
		}
	}()
	if err != nil {
		_, _ = err.Error(), errors.Is(err, errors.ErrUnsupported)
	}
	return err
}
