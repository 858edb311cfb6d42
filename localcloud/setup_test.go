package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestASetupThatFailsIsReportedWithItsLastLine(t *testing.T) {
	for name, test := range map[string]struct{ setup, want string }{
		"on standard error":  {"echo first; echo second >&2; echo 'no such bus' >&2; exit 3", "exit status 3: no such bus"},
		"on standard output": {"echo first; echo 'no such bus'; exit 3", "exit status 3: no such bus"},
		"without a word":     {"exit 3", "exit status 3"},
		"with text that controls a terminal": {
			`printf '\033[2Jno\tbus\302\233\r\342\200\256\377' >&2; exit 3`, `exit status 3: \x1b[2Jno` + "\t" + `bus\u009b\r\u202e\xff`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runProgram(t, "up", "--assembly", assembled(t), "--setup", test.setup)
			if want := (result{1, "", "localcloud: the setup fails: " + test.want + "\n"}); got != want {
				t.Errorf("the program ends with %+v, want %+v", got, want)
			}
		})
	}
}

// hostileShell is what a shell may set for AWS and proxies.
func hostileShell() []string {
	var variables []string
	for _, name := range []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EVENTBRIDGE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SDK_LOAD_CONFIG", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_MAX_ATTEMPTS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
	} {
		variables = append(variables, name+"=shell")
	}
	return variables
}

func TestTheSetupsEnvironmentLeadsToTheLocalCloudAndNowhereElse(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r := startEdited(t, func(p *exec.Cmd) { p.Env = append(p.Env, hostileShell()...) }, "--assembly", assembled(t), "--setup", "env >"+out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{
		"AWS_ENDPOINT_URL=" + r.ready.AWSEndpointURL, "AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the setup does not get %s", want)
		}
	}
	for _, line := range lines {
		if strings.HasSuffix(line, "=shell") {
			t.Errorf("the setup gets %s", line)
		}
	}
	r.stop(t, syscall.SIGTERM)
}

func TestTheSetupGetsWhatTheReadyFileWillHaveAndIsDoneBeforeIt(t *testing.T) {
	dir := t.TempDir()
	const setup = `cd $OUT; cp -p "$LOCALCLOUD_READY_FILE" content; echo "$LOCALCLOUD_READY_FILE" >path; test -e "$READY" || echo no >early`
	r := startEdited(t, func(p *exec.Cmd) {
		p.Env = append(p.Env, "OUT="+dir, "READY="+p.Args[slices.Index(p.Args, "--ready-file")+1])
	}, "--assembly", assembled(t), "--setup", setup)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ready, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if read("content") != string(ready) {
		t.Errorf("the setup reads %s, the ready file is %s", read("content"), ready)
	}
	if info, err := os.Stat(filepath.Join(dir, "content")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v, want the mode -rw-------", info.Mode(), err)
	}
	if read("early") != "no\n" {
		t.Error("the ready file is there before the setup is done")
	}
	if _, err := os.Stat(strings.TrimSpace(read("path"))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the setup's file is left behind (%v)", err)
	}
	r.stop(t, syscall.SIGTERM)
}

// publishing is a setup that publishes an event to the queue of the test stack.
const publishing = `curl -sSf "$AWS_ENDPOINT_URL" -H 'X-Amz-Target: AWSEvents.PutEvents' -H 'Content-Type: application/x-amz-json-1.1' ` +
	`-H 'Authorization: AWS4-HMAC-SHA256 Credential=local/20261122/eu-west-1/events/aws4_request, SignedHeaders=host, Signature=0' ` +
	`-d '{"Entries": [{"EventBusName": "shop", "Source": "queued", "DetailType": "item.sold", "Detail": "{}"}]}' && echo published`

func TestWhatTheSetupCausesIsDoneBeforeAFunctionIsPausedAndTheReadyFileIsWritten(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--setup", publishing, "--pause", "Shop/Worker")
	if usage := r.usage(t); !usage.Idle || usage.Functions["Shop/Worker"].Records != 1 {
		t.Errorf("once it is ready, the cloud has done %+v", usage)
	}
	r.stop(t, syscall.SIGTERM)
	events, banner, _ := strings.Cut(r.stdout.String(), " is up, after ")
	if !strings.Contains(events, "item.sold") || !strings.HasSuffix(banner, "published\n\n") {
		t.Errorf("shown is %s", r.stdout)
	}
}

func TestWhatTheSetupPrintsCannotControlTheTerminal(t *testing.T) {
	const setup = `printf 'first\n  \033[2Jsecond\n'; printf 'third \302\2332J\n' >&2`
	r := startProgram(t, "--assembly", assembled(t), "--setup", setup)
	r.stop(t, syscall.SIGTERM)
	if want := "\n\nfirst\n  \\x1b[2Jsecond\n\n"; !strings.HasSuffix(r.stdout.String(), want) {
		t.Errorf("shown is %q, want %q at the end", r.stdout, want)
	}
	if want := "third \\u009b2J\n"; r.stderr.String() != want {
		t.Errorf("standard error is %q, want %q", r.stderr, want)
	}
}

func TestForProgramsTheSetupsOutputIsPartOfReady(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--setup", "echo done", "--json")
	r.stop(t, syscall.SIGTERM)
	var line struct {
		Ready struct {
			Setup        string
			FunctionURLs map[string]string
		}
	}
	if err := json.Unmarshal(bytes.TrimSpace(r.stdout.Bytes()), &line); err != nil {
		t.Fatalf("%s: %v", r.stdout, err)
	}
	if line.Ready.Setup != "done\n" || line.Ready.FunctionURLs["Shop/Worker"] != r.ready.FunctionURLs["Shop/Worker"] {
		t.Errorf("the line is %s", r.stdout)
	}
}

func TestASetupEndsWithTheProgramAndWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	ready, ticks := filepath.Join(dir, "ready"), filepath.Join(dir, "ticks")
	command := program(context.WithoutCancel(t.Context()), t, "up", "--assembly", assembled(t), "--ready-file", ready,
		"--setup", "while :; do echo >>"+ticks+"; sleep 0.01; done & wait")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	count := func() int64 {
		info, err := os.Stat(ticks)
		if err != nil {
			return 0 // It is not there yet.
		}
		return info.Size()
	}
	for deadline := time.Now().Add(30 * time.Second); count() < 3; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the setup does not run", command.Process.Kill())
		}
	}
	if _, err := os.Stat(ready); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cloud is ready before the setup is done (%v)", err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the program ends with %v", err)
	}
	last := count()
	time.Sleep(200 * time.Millisecond)
	if got := count(); got != last {
		t.Errorf("the setup's child lives on: it ticked %d times more", got-last)
	}
}
