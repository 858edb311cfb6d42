package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// debugged is the line that names a process for a debugger.
var debugged = regexp.MustCompile(`DEBUG +Writer: process \d+; in Go: (dlv attach \d+)\n`)

// debugger is delve, attached to a process.
type debugger struct {
	command *exec.Cmd
	input   io.Writer
	output  *os.File
}

func attach(t *testing.T, command string) debugger {
	t.Helper()
	if _, err := exec.LookPath("dlv"); err != nil {
		t.Skip("there is no dlv")
	}
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { output.Close() })
	words := append(strings.Fields(command), "--allow-non-terminal-interactive")
	d := debugger{command: exec.CommandContext(t.Context(), words[0], words[1:]...), output: output}
	d.command.Stdout, d.command.Stderr = output, output
	if d.input, err = d.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// do enters commands, and waits for a text in the output.
func (d debugger) do(t *testing.T, commands, want string) {
	t.Helper()
	if _, err := io.WriteString(d.input, commands); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(d.output.Name())
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.Contains(string(text), want):
			return
		case time.Now().After(deadline):
			t.Fatalf("the debugger does not print %s:\n%s", want, text)
		}
	}
}

func TestAFunctionStopsAtABreakpointAndGoesOn(t *testing.T) {
	code := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-gcflags", "-N -l", "-o", filepath.Join(code, "bootstrap"), "./cloud/testdata/worker")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := startProgram(t, "--assembly", withCode(t, code), "--debug", "Writer")
	shown := debugged.FindStringSubmatch(r.stdout.String())
	if shown == nil {
		t.Fatalf("no process is named in\n%s", r.stdout)
	}
	d := attach(t, shown[1])
	d.do(t, "break main.handle\n", "Breakpoint 1 set")
	var handled sync.WaitGroup
	handled.Go(func() { r.publishTo(t, "default", "notes", "note.written", `{"id": "1"}`) })
	d.do(t, "continue\nargs\n", "event = []uint8")
	if usage := r.usage(t); usage.Idle {
		t.Error("nothing is under way at the breakpoint")
	}
	d.do(t, "clearall\nexit\nn\n", "Breakpoint 1 cleared")
	if err := d.command.Wait(); err != nil {
		t.Error(err)
	}
	handled.Wait()
	if got := r.awaitIdle(t).Functions["Writer"]; got.Events != 1 || got.Records != 1 || got.Failed != 0 || len(got.Processes) != 1 {
		t.Errorf("the function has done %+v, want an event and a message in one process", got)
	}
	r.stop(t, syscall.SIGTERM)
}

func TestAFunctionToBeDebuggedMustExist(t *testing.T) {
	want := result{1, "", "localcloud: there is no function Reader to be debugged\nlocalcloud: there is no function Clerk to be debugged\n"}
	if got := runProgram(t, "up", "--assembly", withDefaults(t), "--debug", "Reader", "--debug", "Writer", "--debug", "Clerk"); got != want {
		t.Errorf("the program ends with %+v, want %+v", got, want)
	}
}
