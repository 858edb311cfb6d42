package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.com/saga/localcloud/cloud"
)

// asProgram makes the test binary run the program itself.
const asProgram = "LOCALCLOUD_TEST_AS_PROGRAM"

// built is the folder of the test stack's function.
var built string

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "worker")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	build := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(dir, "bootstrap"), "./cloud/testdata/worker")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

// result is how a program ended.
type result struct {
	code           int
	stdout, stderr string
}

func program(ctx context.Context, t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, self, arguments...)
	command.Env = append(os.Environ(), asProgram+"=1")
	return command
}

func runProgram(t *testing.T, arguments ...string) result {
	t.Helper()
	command := program(t.Context(), t, arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// assembled writes the assembly of cloud's test stack.
func assembled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	template, err := os.ReadFile("cloud/testdata/shop.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"shop.template.json": string(template),
		"shop.assets.json":   `{"files": {"w": {"source": {"path": "` + built + `"}, "destinations": {"here": {"objectKey": "worker.zip"}}}}}`,
		"manifest.json": `{"artifacts": {
			"shop.assets": {"type": "cdk:asset-manifest", "properties": {"file": "shop.assets.json"}},
			"shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "shop.template.json"}}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// running is a program that is up.
type running struct {
	command *exec.Cmd
	file    string
	ready   cloud.Description
	stdout  *bytes.Buffer
	stderr  *bytes.Buffer
}

// startProgram starts "localcloud up" and waits for its ready file.
func startProgram(t *testing.T, arguments ...string) running {
	t.Helper()
	return startEdited(t, func(*exec.Cmd) {}, arguments...)
}

// startEdited starts "localcloud up" in another environment, or with other output.
func startEdited(t *testing.T, edit func(*exec.Cmd), arguments ...string) running {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready.json")
	r := running{
		file:    file,
		command: program(context.WithoutCancel(t.Context()), t, append([]string{"up", "--ready-file", file}, arguments...)...),
		stdout:  new(bytes.Buffer), stderr: new(bytes.Buffer),
	}
	r.command.Stdout, r.command.Stderr = r.stdout, r.stderr
	edit(r.command)
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.command.ProcessState == nil {
			r.stop(t, syscall.SIGKILL)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(file)
		switch {
		case err == nil:
			if err := json.Unmarshal(text, &r.ready); err != nil {
				t.Fatalf("the ready file is %q: %v", text, err)
			}
			return r
		case !errors.Is(err, os.ErrNotExist):
			t.Fatal(err)
		case time.Now().After(deadline):
			r.stop(t, syscall.SIGKILL)
			t.Fatalf("the program is not ready: %s", r.stderr)
		}
	}
}

// stop sends a signal and gives the exit code.
func (r running) stop(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if _, exited := errors.AsType[*exec.ExitError](r.command.Wait()); exited {
		return r.command.ProcessState.ExitCode()
	}
	return 0
}

// awaitIdle waits until everything is handled, and returns the usage then.
func (r running) awaitIdle(t *testing.T) cloud.Usage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r.get(ctx, t, r.ready.IdleURL)
	return r.usage(t)
}

func (r running) usage(t *testing.T) cloud.Usage {
	t.Helper()
	var usage cloud.Usage
	if err := json.Unmarshal(r.get(t.Context(), t, r.ready.UsageURL), &usage); err != nil {
		t.Fatal(err)
	}
	return usage
}

// get returns what is at a URL of the local cloud.
func (r running) get(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("GET %s is answered with %s: %s", url, response.Status, text)
	}
	return text
}

// send sends a request without a body. The header Host is the request's host.
func send(t *testing.T, method, url string, header http.Header) (status int, answered http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header, request.Host = header, header.Get("Host")
	client := &http.Client{Timeout: 10 * time.Second} // A Runtime API lets its caller wait.
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, response.Header
}
