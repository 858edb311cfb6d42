package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
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
			}, "--assembly", dir, "--stock-command", "")
			if err := end.Close(); err != nil {
				t.Fatal(err)
			}
			r.publish(t, "order", "order.placed", unqueueable)
			r.stop(t, syscall.SIGTERM)
			if text := <-shown; !strings.Contains(text, want) || strings.Contains(text, "\x1b") != (noColor == "") {
				t.Errorf("the terminal shows %q, want %q", text, want)
			}
		})
	}
}
