package lambda_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/wire"
)

func TestAFunctionAnswers(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	result := b.invoke(arn, "echo")
	if string(result.Payload) != `"hi"` || result.FunctionError != "" || result.RequestID == "" {
		t.Errorf("the result is %+v %s", result, result.Payload)
	}
}

func TestAnInvocationHasItsContext(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	result := b.invoke(arn, "context")
	got := decode[struct {
		Left            int
		ARN, ID, Folder string
	}](b, result.Payload)
	if got.Left <= 0 || got.Left > 10000 || got.ARN != arn || got.ID != result.RequestID || got.Folder != filepath.Dir(bootstrap) {
		t.Errorf("the context is %+v", got)
	}
}

func TestAProcessIsUsedAgain(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	first := decode[struct{ PID int }](b, b.invoke(arn, "context").Payload)
	b.invoke(arn, "error") // An error of the handler does not end its process.
	second := decode[struct{ PID int }](b, b.invoke(arn, "context").Payload)
	if first != second {
		t.Errorf("process %d was followed by %d", first.PID, second.PID)
	}
}

func TestFailuresAreDescribed(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Timeout = time.Second })
	for _, test := range []struct{ do, kind, message string }{
		{"error", "errorString", "it went wrong"},
		{"panic", "string", "at the disco"},
		{"exit", "Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: exit status 7"},
		{"sleep", "Sandbox.Timedout", "RequestId: %s Error: Task timed out after 1.00 seconds"},
		{"large", "Function.ResponseSizeTooLarge", "RequestId: %s Error: Response payload size exceeded maximum allowed payload size (6291456 bytes)."},
	} {
		t.Run(test.do, func(t *testing.T) {
			result := b.invoke(arn, test.do)
			got := decode[functionConfiguration](b, result.Payload)
			want := functionConfiguration{test.kind, strings.ReplaceAll(test.message, "%s", result.RequestID)}
			if got != want || result.FunctionError != "Unhandled" {
				t.Errorf("the result is %+v %q, want %+v", got, result.FunctionError, want)
			}
			if again := b.invoke(arn, "echo"); string(again.Payload) != `"hi"` {
				t.Errorf("afterwards it answers %s", again.Payload)
			}
		})
	}
}

func TestAProcessSeesOnlyALambdasEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_HOST", "x")
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Environment["TABLE"] = "orders" })
	got := decode[[]string](b, b.invoke(arn, "environment").Payload)
	for _, want := range []string{
		"TABLE=orders", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_LAMBDA_FUNCTION_NAME=behave",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/behave", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_ACCESS_KEY_ID=AKIDFUNCTION",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	// As it was recorded on provided.al2023, with the folder of the code in place of
	// /var/runtime and /var/task.
	if !slices.ContainsFunc(got, func(v string) bool {
		folders := strings.Split(strings.TrimPrefix(v, "LD_LIBRARY_PATH="), ":")
		return len(folders) == 7 && folders[0] == "/lib64" && folders[1] == "/usr/lib64" && folders[6] == "/opt/lib" &&
			slices.Contains(got, "LAMBDA_RUNTIME_DIR="+folders[2]) && slices.Contains(got, "LAMBDA_TASK_ROOT="+folders[4]) &&
			folders[3] == folders[2]+"/lib" && folders[5] == folders[4]+"/lib"
	}) {
		t.Errorf("LD_LIBRARY_PATH is not in %q", got)
	}
	if slices.ContainsFunc(got, func(v string) bool {
		return strings.HasPrefix(v, "SECRET_OF_THE_HOST") || strings.HasPrefix(v, "AWS_EXECUTION_ENV") || strings.HasPrefix(v, "HOME")
	}) {
		t.Errorf("the host's environment is in %q", got)
	}
}

func TestEveryLineOfOutputIsLogged(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	b.invoke(arn, "print")
	b.eventually("the output", func() bool { return slices.Contains(b.written(), "err 2") })
	want := []string{"out 0", "err 0", "out 1", "err 1", "out 2", "err 2"}
	if got := b.written(); !slices.Equal(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
	b.invoke(arn, "exit")
	got := b.written()[len(want):]
	if len(got) != 2 || got[0] != "no endlast words" || !strings.HasPrefix(got[1], "RequestId: ") ||
		!strings.HasSuffix(got[1], " Error: Runtime exited with error: exit status 7") {
		t.Errorf("the last lines are %q, want the last words and the end of the process", got)
	}
}

func TestInvocationsRunAtOnceUpToTheConcurrency(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	results := make(chan string, 2)
	for range 2 {
		go func() {
			for { // The probe below may take its place for a moment.
				result, err := b.Invoke(t.Context(), arn, []byte(`{"do": "pause"}`))
				if err == nil {
					results <- string(result.Payload)
					return
				}
			}
		}()
	}
	b.eventually("a throttled invocation", func() bool {
		_, err := b.Invoke(t.Context(), arn, []byte(`{"do": "echo"}`))
		failure, ok := errors.AsType[*wire.Error](err)
		return ok && failure.Code == "TooManyRequestsException" && failure.Status == 429
	})
	if b.Idle() {
		t.Error("it is idle while invocations run")
	}
	if first, second := <-results, <-results; first == second {
		t.Errorf("both ran in the process %s", first)
	}
	b.eventually("idleness", b.Idle)
}

func TestAFunctionThatDoesNotStartIsNamed(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	arn := b.add("broken", nil)
	err := b.Start(t.Context())
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{"broken", "exit status 3", "the configuration is missing\ngiving up"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %s", want, err)
		}
	}
	result := b.invoke(arn, "echo")
	if got := decode[functionConfiguration](b, result.Payload); got.ErrorType != "Runtime.ExitError" {
		t.Errorf("an invocation of it returns %+v", got)
	}
}

func TestWhatCannotBeInvokedIsRefused(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	for name, test := range map[string]struct {
		arn, payload, code string
	}{
		"an unknown function": {lambdas + "none", "{}", "ResourceNotFoundException"},
		"no JSON":             {arn, "{", "InvalidRequestContentException"},
		"a large payload":     {arn, `"` + strings.Repeat("x", 6<<20) + `"`, "RequestTooLargeException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Invoke(t.Context(), test.arn, []byte(test.payload))
			if failure, ok := errors.AsType[*wire.Error](err); !ok || failure.Code != test.code {
				t.Errorf("the error is %v, want %s", err, test.code)
			}
		})
	}
	if !b.Idle() {
		t.Error("a refused invocation keeps it busy")
	}
}

func TestCloseEndsEveryProcessAndItsChildren(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	pids := decode[[]int](b, b.invoke(arn, "child").Payload)
	interrupted := make(chan lambda.Result, 1)
	go func() { interrupted <- b.invoke(arn, "sleep") }()
	b.eventually("the invocation", func() bool { return !b.Idle() })
	b.Close()
	if result := <-interrupted; result.FunctionError != "Unhandled" {
		t.Errorf("the interrupted invocation returns %+v", result)
	}
	for _, pid := range pids {
		b.eventually(fmt.Sprintf("the end of %d", pid), func() bool { return hasEnded(pid) })
	}
	if _, err := b.Invoke(t.Context(), arn, []byte("{}")); err == nil {
		t.Error("a closed service takes invocations")
	}
}

// hasEnded reports whether a process has ended. One that was not reaped has: a grandchild
// is reaped by init, and a container may have none.
func hasEnded(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || err == nil && bytes.Contains(status, []byte(") Z "))
}

func TestAProcessThatIsTimedOutOrEndsByItselfLeavesNoChild(t *testing.T) {
	for _, child := range []string{"child", "detached"} {
		for _, end := range []string{"sleep", "exit"} {
			t.Run(child+" "+end, func(t *testing.T) {
				if child == "detached" && runtime.GOOS != "linux" {
					t.Skip("only Linux shows which process started a child that has left its group")
				}
				b := newBench(t, nil)
				arn := b.add("behave", func(f *lambda.Function) { f.Timeout = 300 * time.Millisecond })
				pids := decode[[]int](b, b.invoke(arn, child).Payload)
				if hasEnded(pids[1]) {
					t.Fatal("the child does not run")
				}
				b.invoke(arn, end)
				b.eventually("the end of the child", func() bool { return hasEnded(pids[0]) && hasEnded(pids[1]) })
			})
		}
	}
}

func TestAnInvalidFunctionIsRefused(t *testing.T) {
	valid := lambda.Function{Name: "f", ARN: "f", Code: filepath.Dir(bootstrap), Timeout: time.Second, MemoryMB: 128, Concurrency: 1}
	for name, edit := range map[string]func(*lambda.Function){
		"no executable": func(f *lambda.Function) { f.Code = "testdata/none" },
		"a folder":      func(f *lambda.Function) { f.Code = "testdata" },
	} {
		t.Run(name, func(t *testing.T) {
			b, f := newBench(t, nil), valid
			edit(&f)
			if err := b.Create(f); err == nil {
				t.Error("it was created")
			}
		})
	}
}

func TestAProcessThatHasDiedWhileItWasIdleGetsNoEvent(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	for range 50 {
		pid := decode[struct{ PID int }](b, b.invoke(arn, "context").Payload).PID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		b.eventually("the end of the process", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
		if result := b.invoke(arn, "echo"); result.FunctionError != "" {
			t.Fatalf("the next event is answered %s", result.Payload)
		}
	}
}

func TestInvocationsAndStartsAreCounted(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.invoke(arn, "echo")
	b.invoke(arn, "error")
	got := b.Stats(arn)
	if got.Invocations != 2 || got.MemoryMB != 128 || len(got.Inits) != 1 || got.Inits[0] <= 0 {
		t.Errorf("the function has %+v, want two invocations and one start", got)
	}
	if got.Billed < 2*time.Millisecond || got.Billed%time.Millisecond != 0 {
		t.Errorf("the invocations took %s, want whole milliseconds", got.Billed)
	}
}
