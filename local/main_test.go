package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/saga/local/cloud"
)

// asProgram makes the test binary run the program itself.
const asProgram = "LOCAL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
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

// assembled writes the assembly of cloud's test stack, with a built function.
func assembled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "worker", "bootstrap"), "./cloud/testdata/worker")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	template, err := os.ReadFile("cloud/testdata/shop.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"shop.template.json": string(template),
		"shop.assets.json":   `{"files": {"w": {"source": {"path": "worker"}, "destinations": {"here": {"objectKey": "worker.zip"}}}}}`,
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

func TestUsageErrorsExitWithTwoAndOneLine(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"no command":              {nil, "local: a command is missing: see local help\n"},
		"an unknown command":      {[]string{"down"}, "local: there is no command \"down\": see local help\n"},
		"an unknown flag":         {[]string{"up", "--fast"}, "local: flag provided but not defined: -fast: see local help\n"},
		"an argument":             {[]string{"up", "now"}, "local: unexpected argument \"now\": see local help\n"},
		"a port out of range":     {[]string{"up", "--port", "70000"}, "local: --port 70000 is not a port: see local help\n"},
		"a stock without a SKU":   {[]string{"up", "--stock", "=3"}, "local: invalid value \"=3\" for flag -stock: it must be SKU=QUANTITY with a quantity of at least 1: see local help\n"},
		"a stock that is nothing": {[]string{"up", "--stock", "1=0"}, "local: invalid value \"1=0\" for flag -stock: it must be SKU=QUANTITY with a quantity of at least 1: see local help\n"},
		"a notify that is no URL": {[]string{"up", "--notify", "here"}, "local: --notify \"here\" is not an HTTP URL: see local help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runProgram(t, test.arguments...)
			if want := (result{2, "", test.want}); got != want {
				t.Errorf("the program ends with %+v, want %+v", got, want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	got := runProgram(t, "up", "-h")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("help ends with %+v", got)
	}
	for _, name := range []string{"assembly", "ready-file", "port", "orders-port", "stock", "stock-command", "notify", "deliver-twice", "quiet"} {
		if !strings.Contains(got.stdout, "\n  -"+name) {
			t.Errorf("help does not name --%s:\n%s", name, got.stdout)
		}
	}
}

func TestAFailureExitsWithOneAndOneLine(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	got := runProgram(t, "up", "--assembly", missing)
	want := "local: reading the cloud assembly " + missing + ": open " + missing + "/manifest.json: no such file or directory\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %s", got, want)
	}
}

func TestAStockCommandThatFailsIsNamedWithItsLastLine(t *testing.T) {
	command := script(t, "echo first; echo 'no such bus' >&2; exit 3")
	got := runProgram(t, "up", "--assembly", assembled(t), "--stock-command", command)
	want := "local: receiving the stock with " + command + ": exit status 3: no such bus\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %s", got, want)
	}
}

func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// up is a running program.
type running struct {
	command *exec.Cmd
	ready   facts
	stdout  *bytes.Buffer
	stderr  *bytes.Buffer
}

// startProgram starts "local up" and waits for its ready file.
func startProgram(t *testing.T, arguments ...string) running {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready.json")
	r := running{
		command: program(context.WithoutCancel(t.Context()), t, append([]string{"up", "--ready-file", file}, arguments...)...),
		stdout:  new(bytes.Buffer), stderr: new(bytes.Buffer),
	}
	r.command.Stdout, r.command.Stderr = r.stdout, r.stderr
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

func (r running) usage(t *testing.T) cloud.Usage {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ready.UsageURL, nil)
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
	var usage cloud.Usage
	if err := json.Unmarshal(text, &usage); err != nil {
		t.Fatal(err)
	}
	return usage
}

func TestTheReadyFileSaysWhereEverythingIs(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--stock-command", "")
	if usage := r.usage(t); !usage.Idle {
		t.Errorf("the program is busy once it is ready: %+v", usage)
	}
	ready := r.ready
	if !strings.HasPrefix(ready.OrderURL, "http://127.0.0.1:") || ready.OrderURL+"/" != ready.Outputs["OrdersUrl"] {
		t.Errorf("orders go to %q", ready.OrderURL)
	}
	if ready.Region != region || ready.NotificationsURL != ready.AWSEndpointURL+"/notifications" || ready.Buses["Bus"] != "shop" {
		t.Errorf("the ready file is %+v", ready)
	}
	if !strings.HasPrefix(ready.Queues["Shop/Queue"], ready.AWSEndpointURL+"/"+accountID+"/shop-Queue-") {
		t.Errorf("the queue is at %q", ready.Queues["Shop/Queue"])
	}
	if code := r.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the program ends with %d: %s", code, r.stderr)
	}
}

func TestSIGTERMAndSIGINTLeaveNoProcess(t *testing.T) {
	dir := assembled(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			r := startProgram(t, "--assembly", dir, "--stock-command", "", "--quiet")
			var processes []cloud.Process
			for _, function := range r.usage(t).Functions {
				processes = append(processes, function.Processes...)
			}
			if code := r.stop(t, signal); code != 0 || r.stdout.Len()+r.stderr.Len() > 0 {
				t.Errorf("the program ends with %d and prints %s%s", code, r.stdout, r.stderr)
			}
			if len(processes) != 1 {
				t.Fatalf("the function's processes were %v, want one", processes)
			}
			for _, process := range processes {
				if err := syscall.Kill(process.PID, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("process %d lives on (%v)", process.PID, err)
				}
			}
		})
	}
}

func TestTheStockCommandGetsTheStockAndTheAddresses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	command := script(t, `{ echo "$*"; env; } > `+out)
	r := startProgram(t, "--assembly", assembled(t), "--stock-command", command, "--stock", "7=1", "--stock", "8=2")
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{
		"7=1 8=2", "AWS_ENDPOINT_URL=" + r.ready.AWSEndpointURL, "AWS_REGION=" + region,
		"EVENT_BUS_NAME=shop", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the stock command does not get %s", want)
		}
	}
	r.stop(t, syscall.SIGTERM)
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--stock-command", "")
	_, port, _ := strings.Cut(strings.TrimPrefix(r.ready.AWSEndpointURL, "http://"), ":")
	got := runProgram(t, "up", "--assembly", assembled(t), "--port", port)
	if got.code != 1 || !strings.HasPrefix(got.stderr, "local: opening a port: ") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("the program ends with %+v", got)
	}
	r.stop(t, syscall.SIGTERM)
}
