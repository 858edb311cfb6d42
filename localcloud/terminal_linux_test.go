package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/saga/localcloud/printable"
)

// terminal opens a terminal of the system: what the program writes to its end can
// be read.
func terminal(t *testing.T) (end, read *os.File) {
	t.Helper()
	read, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	if err := unix.IoctlSetPointerInt(int(read.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(read.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	end, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return end, read
}

func TestNothingFromElsewhereControlsTheTerminal(t *testing.T) {
	end, read := terminal(t)
	shown := make(chan string)
	go func() {
		// A terminal whose other end is closed fails to be read.
		text, _ := io.ReadAll(read)
		shown <- string(text)
	}()
	r := startEdited(t, func(command *exec.Cmd) { command.Stdout, command.Stderr = end, end }, "--assembly", assembled(t))
	if err := end.Close(); err != nil {
		t.Fatal(err)
	}
	// It is shown as an event, as what the function prints, and as a loss.
	const hostile = "panic: \u009b2J \u202e \u2028 \x7f"
	detail, err := json.Marshal(map[string]string{"subject": hostile + "\x1b[2J"})
	if err != nil {
		t.Fatal(err)
	}
	r.publish(t, hostile+"\x1b[2J", string(detail))
	r.publish(t, hostile+"\uffff", strings.Replace(string(detail), "panic", "\uffff", 1))
	r.stop(t, syscall.SIGTERM)
	text := <-shown
	for _, want := range []string{`panic: \u009b2J \u202e \u2028 \x7f\x1b[2J`, "ERROR   \x1b[0m  Shop/Worker: event ", "LOST"} {
		if !strings.Contains(text, want) {
			t.Errorf("the terminal does not show %q", want)
		}
	}
	// Only the program's own colours are left, and the terminal's own \r\n.
	own := regexp.MustCompile("\x1b\\[[0-9;]*m|\r\n")
	if rest := own.ReplaceAllString(text, ""); printable.Line(rest) != rest {
		t.Errorf("the terminal shows %q", text)
	}
}

func TestALossIsRedOnATerminalUnlessColoursAreOff(t *testing.T) {
	dir := assembled(t)
	for noColor, want := range map[string]string{"": "  \x1b[31mLOST      rule Shop/ToQueue", "1": "  LOST      rule Shop/ToQueue"} {
		t.Run("NO_COLOR="+noColor, func(t *testing.T) {
			end, read := terminal(t)
			shown := make(chan string)
			go func() {
				// A terminal whose other end is closed fails to be read.
				text, _ := io.ReadAll(read)
				shown <- string(text)
			}()
			r := startEdited(t, func(command *exec.Cmd) {
				command.Stdout = end
				command.Env = append(command.Env, "NO_COLOR="+noColor)
			}, "--assembly", dir)
			if err := end.Close(); err != nil {
				t.Fatal(err)
			}
			r.publish(t, "item.sold", unqueueable)
			r.stop(t, syscall.SIGTERM)
			if text := <-shown; !strings.Contains(text, want) || strings.Contains(text, "\x1b") != (noColor == "") {
				t.Errorf("the terminal shows %q, want %q", text, want)
			}
		})
	}
}
