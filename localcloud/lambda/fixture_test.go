package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
)

var bootstrap string

func TestMain(m *testing.M) {
	if built := os.Getenv(asParent); built != "" {
		bootstrap = built
		beParent()
	}
	os.Exit(run(m))
}

// run builds the test function once for all tests.
func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "bootstrap")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	bootstrap = filepath.Join(folder, "bootstrap")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-tags", "lambda.norpc", "-o", bootstrap, "./testdata/bootstrap").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build the test function: %s: %s", err, out))
	}
	return m.Run()
}

const (
	account  = "111122223333"
	lambdas  = "arn:aws:lambda:eu-west-1:" + account + ":function:"
	queueARN = "arn:aws:sqs:eu-west-1:" + account + ":"
)

// bench is a service with its queues and what its functions have written.
type bench struct {
	*testing.T
	*lambda.Service
	queues *sqs.Service

	mu    sync.Mutex
	lines []string
}

func newBench(t *testing.T, edit func(*lambda.Config)) *bench {
	t.Helper()
	return newBenchOn(t, sqs.Config{Clock: time.Now}, edit)
}

func newBenchOn(t *testing.T, queues sqs.Config, edit func(*lambda.Config)) *bench {
	t.Helper()
	b := &bench{T: t, queues: sqs.New(queues)}
	config := lambda.Config{
		Clock: time.Now, Region: "eu-west-1",
		Environment: map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		Log: func(_, _, line string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, line)
		},
		Logger: slog.New(slog.DiscardHandler),
		Queues: b.queues, DeadLetters: b.queues,
		AsyncRetryDelays: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond},
	}
	if edit != nil {
		edit(&config)
	}
	b.Service = lambda.New(config)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// add creates a function with the given handler; its ARN is returned.
func (b *bench) add(handler string, edit func(*lambda.Function)) string {
	b.Helper()
	f := lambda.Function{
		Name: handler, ARN: lambdas + handler, Code: filepath.Dir(bootstrap), Handler: handler,
		Timeout: 10 * time.Second, MemoryMB: 128, Concurrency: 2,
		Environment: map[string]string{"AWS_ACCESS_KEY_ID": "AKIDFUNCTION", "AWS_SECRET_ACCESS_KEY": "s"},
	}
	if edit != nil {
		edit(&f)
	}
	if err := b.Create(f); err != nil {
		b.Fatal(err)
	}
	return f.ARN
}

func (b *bench) invoke(arn, do string) lambda.Result {
	b.Helper()
	result, err := b.Invoke(b.Context(), arn, []byte(`{"do": "`+do+`", "text": "hi"}`))
	if err != nil {
		b.Fatal(err)
	}
	return result
}

func (b *bench) written() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// eventually waits for a condition that must come true.
func (b *bench) eventually(what string, condition func() bool) {
	b.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			b.Fatalf("%s did not happen; the functions wrote:\n%s", what, strings.Join(b.written(), "\n"))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func decode[T any](b *bench, payload []byte) T {
	b.Helper()
	var value T
	if err := json.Unmarshal(payload, &value); err != nil {
		b.Fatalf("%s: %s", payload, err)
	}
	return value
}

type functionConfiguration struct{ ErrorType, ErrorMessage string }
