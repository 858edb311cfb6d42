package lambda_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
)

// asParent returns this test binary a local cloud to be killed: its value is the
// path of the test function.
const asParent = "FUNCTION_TEST_PARENT"

// beParent runs a function, prints the id of its process, and waits to be killed.
func beParent() {
	service := lambda.New(lambda.Config{Clock: time.Now})
	err := service.Create(lambda.Function{
		Name: "f", ARN: "f", Bootstrap: bootstrap, Handler: "behave", Timeout: 10 * time.Second, MemoryMB: 128, Concurrency: 1,
	})
	if err != nil {
		panic(err)
	}
	result, err := service.Invoke(context.Background(), "f", []byte(`{"do": "pause"}`))
	if err != nil {
		panic(err)
	}
	// Threads come and go; the process must live as long as its parent.
	for range 20 {
		go func() {
			runtime.LockOSThread() // Ends the thread with the goroutine.
			runtime.Gosched()
		}()
	}
	time.Sleep(100 * time.Millisecond)
	again, err := service.Invoke(context.Background(), "f", []byte(`{"do": "pause"}`))
	if err != nil || string(again.Payload) != string(result.Payload) {
		panic(fmt.Sprintf("the process has changed: %s %v", again.Payload, err))
	}
	fmt.Println(string(result.Payload))
	select {}
}

func TestAProcessDoesNotOutliveAKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can end a process with its parent")
	}
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+bootstrap)
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the process does not run: %s", err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent was not killed")
	}
	newBench(t, nil).eventually("the end of the process", func() bool {
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid)
	})
}
