package lambda_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
)

// asParent makes this test binary a local cloud to be killed: its value is the
// path of the test function.
const asParent = "FUNCTION_TEST_PARENT"

// beParent runs a function, prints the ids of its process and a child of that, and waits
// to be killed.
func beParent() {
	service := lambda.New(lambda.Config{Clock: time.Now})
	err := service.Create(lambda.Function{
		Name: "f", ARN: "f", Code: filepath.Dir(bootstrap), Handler: "behave", Timeout: 10 * time.Second, MemoryMB: 128, Concurrency: 1,
	})
	if err != nil {
		panic(err)
	}
	result, err := service.Invoke(context.Background(), "f", []byte(`{"do": "child"}`))
	if err != nil {
		panic(err)
	}
	fmt.Println(string(result.Payload))
	select {}
}

func TestAProcessAndItsChildrenDoNotOutliveAKilledLocalCloud(t *testing.T) {
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
	b := newBench(t, nil)
	pids := decode[[]int](b, []byte(line))
	for _, pid := range pids {
		if hasEnded(pid) {
			t.Fatalf("the process %d does not run", pid)
		}
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent was not killed")
	}
	for _, pid := range pids {
		b.eventually("the end of the process", func() bool { return hasEnded(pid) })
	}
}
