package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// watchdogScript reads "+ GROUP" when a group of processes begins and "- GROUP" when it
// has ended, and kills those that are left when its input ends.
const watchdogScript = `groups=' '
while read -r change group; do
	case $change in
	+) groups="$groups$group " ;;
	-) groups="${groups%% $group *} ${groups#* $group }" ;;
	esac
done
for group in $groups; do kill -9 "-$group"; done 2>/dev/null`

// watchdog ends the processes of functions, with their children, also if the local cloud
// is killed: it is a shell whose input ends with the local cloud.
type watchdog struct {
	mu    sync.Mutex
	shell *exec.Cmd
	input io.WriteCloser
}

// start starts the command as a group of processes.
func (w *watchdog) start(command *exec.Cmd) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shell == nil {
		if err := w.open(); err != nil {
			return fmt.Errorf("starting the watchdog: %w", err)
		}
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w.input, "+", command.Process.Pid); err != nil {
		return errors.Join(fmt.Errorf("the watchdog has ended: %w", err), command.Process.Kill(), command.Wait())
	}
	return nil
}

func (w *watchdog) open() error {
	shell := exec.Command("sh", "-c", watchdogScript) //nolint:noctx // It ends with its input.
	// Ctrl-C must not end it.
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err == nil {
		w.shell, w.input = shell, input
	}
	return err
}

// ended forgets a group that has ended, whose id another may get.
func (w *watchdog) ended(group int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := fmt.Fprintln(w.input, "-", group)
	return err
}

// close ends the watchdog, and with it what processes are left.
func (w *watchdog) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	shell := w.shell
	w.shell = nil
	if shell == nil {
		return nil
	}
	return errors.Join(w.input.Close(), shell.Wait())
}

// killStrays kills the processes outside the group of a process that were started with
// its session token: children with a group of their own. Only Linux shows the environment
// of a process.
func killStrays(session string) error {
	paths, err := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		environment, unreadable := os.ReadFile(path) // It has ended, or is another user's.
		if unreadable != nil || !bytes.Contains(environment, []byte(session)) {
			continue
		}
		pid, malformed := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if failed := syscall.Kill(pid, syscall.SIGKILL); !errors.Is(failed, syscall.ESRCH) {
			err = errors.Join(err, malformed, failed)
		}
	}
	return err
}
