package safely_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/saga/pkg/internal/safely"
)

var errBroken = errors.New("broken")

// panicking is an error whose methods panic if it is nil.
type panicking struct{ text string }

func (p *panicking) Error() string { return p.text }

func TestEveryFailureOfACallIsAnError(t *testing.T) {
	for want, call := range map[string]func() error{
		"broken":        func() error { return errBroken },
		"panic: broken": func() error { panic(errBroken) },
		"runtime.Goexit was called before there was a result":                       func() error { runtime.Goexit(); return nil },
		"an error of type *safely_test.panicking, whose methods panic: runtime err": func() error { return (*panicking)(nil) },
	} {
		if err := safely.Call(call); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("the error is %v, not %s", err, want)
		}
	}
	if err := safely.Call(func() error { return nil }); err != nil {
		t.Errorf("of a call that succeeds the error is %v", err)
	}
}

func TestACallIsNotMadeWhenItsContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := safely.Within(ctx, func() error { t.Error("it is made"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestACallMayReturnShortlyAfterTheEndOfItsContext(t *testing.T) {
	for after, want := range map[time.Duration]string{
		0:                       "it returned",
		time.Second:             "it returned",
		1099 * time.Millisecond: "it returned",
		time.Hour:               "context deadline exceeded, and the call ignored it for 100ms",
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			result, err := safely.Result(ctx, func() (int, error) {
				time.Sleep(after)
				return 5, errors.New("it returned")
			})
			returned := want == "it returned"
			if err == nil || err.Error() != want || (result == 5) != returned || time.Since(began) != min(after, 1100*time.Millisecond) {
				t.Errorf("after %s: %d, %v after %s", after, result, err, time.Since(began))
			}
			time.Sleep(2 * time.Hour) // The call returns.
		})
	}
}

func TestTimeIsKeptForWhatComesAfterACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for left, want := range map[time.Duration]time.Duration{time.Minute: 58 * time.Second, 4 * time.Second: 3 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			ctx, cancelKept := safely.KeepTime(ctx, 2*time.Second)
			if deadline, _ := ctx.Deadline(); time.Until(deadline) != want {
				t.Errorf("of %s %s are left", left, time.Until(deadline))
			}
			cancelKept()
			cancel()
		}
	})
	ctx, cancel := safely.KeepTime(t.Context(), time.Second)
	if _, limited := ctx.Deadline(); limited {
		t.Error("without a deadline there is one")
	}
	cancel()
	if ctx.Err() == nil {
		t.Error("it cannot be cancelled")
	}
}
