// Package safely calls code that may panic, ignore its context or take all of its time.
package safely

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Call returns the error of a call. A panic, runtime.Goexit and an error whose
// methods panic are errors too.
func Call(call func() error) error {
	return (<-start(withoutResult(call))).err
}

func withoutResult(call func() error) func() (struct{}, error) {
	return func() (struct{}, error) { return struct{}{}, call() }
}

// Within is Call for a call that should return when ctx ends. It is not made if ctx has
// ended before. An error is returned if it does not return within Grace after the end:
// then it continues, and its result is dropped.
func Within(ctx context.Context, call func() error) error {
	_, err := Result(ctx, withoutResult(call))
	return err
}

// Grace is how long after the end of its context a call may take to return.
const Grace = 100 * time.Millisecond

// Result is Within for a call with a result. The call must not write what its caller
// reads, because it may do so after Result has returned.
func Result[T any](ctx context.Context, call func() (T, error)) (result T, err error) {
	if err := ctx.Err(); err != nil {
		return result, err
	}
	returned := start(call)
	select {
	case r := <-returned:
		return r.value, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-returned:
		return r.value, r.err
	case <-time.After(Grace):
		return result, fmt.Errorf("%w, and the call ignored it for %s", ctx.Err(), Grace)
	}
}

// returned is what a call has returned.
type returned[T any] struct {
	value T
	err   error
}

// start makes the call in a goroutine of its own, because Goexit ends the goroutine in
// which it is called.
func start[T any](call func() (T, error)) <-chan returned[T] {
	result := make(chan returned[T], 1) // So that a result that is dropped blocks nothing.
	go func() {
		r := returned[T]{err: errors.New("runtime.Goexit was called before there was a result")}
		defer func() { result <- r }()
		defer func() {
			if cause := recover(); cause != nil {
				r.err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			}
		}()
		value, err := call()
		r = returned[T]{value, usable(err)}
	}()
	return result
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

// KeepTime returns a context that ends before ctx does, if ctx has a deadline: by the given
// time, or by a quarter of the time that is left if that is less. So there is time left to
// store or to publish what a call in it has returned.
func KeepTime(ctx context.Context, kept time.Duration) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(kept, time.Until(deadline)/4)))
}
