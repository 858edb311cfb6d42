// Command localcloud runs a synthesized CDK stack on this machine: the real Lambda
// binaries, wired by the very template that would be deployed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"example.com/saga/localcloud/printable"
	"example.com/saga/localcloud/support"
	"example.com/saga/localcloud/unsupported"
)

const usage = `localcloud runs a synthesized CDK stack on this machine.

usage: localcloud up [flags]      run the stack of a cloud assembly
       localcloud supported       list what of AWS is supported, as Markdown

The flags are listed by: localcloud up -h
`

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	// Most of the memory is what is kept, so that a heap that grows to twice of it would
	// be too large.
	debug.SetGCPercent(50)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	machine := machine{stdout: os.Stdout, stderr: os.Stderr, clock: time.Now, noColor: os.Getenv("NO_COLOR"), environment: os.Environ()}
	code := machine.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// errUsage is an error in how the program was called.
var errUsage = errors.New("see localcloud help")

// machine is what the program gets from outside.
type machine struct {
	stdout *os.File
	stderr io.Writer
	clock  func() time.Time
	// noColor is the environment variable NO_COLOR.
	noColor     string
	environment []string
}

// run does what the arguments say and gives the exit code.
func (m machine) run(ctx context.Context, arguments []string) int {
	err := m.command(ctx, arguments)
	if err == nil {
		return exitOK
	}
	// Several problems are reported together, each on its own line.
	problems := strings.Split(printable.Text(err.Error()), "\n")
	if _, refused := errors.AsType[*unsupported.Error](err); refused {
		problems = append(problems, "what is supported is listed in "+unsupported.Reference+", and by: localcloud supported")
	}
	for _, problem := range problems {
		fmt.Fprintf(m.stderr, "localcloud: %s\n", problem) //nolint:errcheck // There is nowhere else to write it.
	}
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitError
}

// warn writes what a program has written for people to standard error.
func (m machine) warn(text string) error {
	_, err := io.WriteString(m.stderr, printable.Text(text))
	return err
}

func (m machine) command(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("a command is missing: %w", errUsage)
	}
	switch name := arguments[0]; name {
	case "up":
		options, err := parse(arguments[1:], m.stdout)
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		if err != nil {
			return err
		}
		return m.up(ctx, options)
	case "supported":
		_, err := io.WriteString(m.stdout, support.Document())
		return err
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(m.stdout, usage)
		return err
	default:
		return fmt.Errorf("there is no command %q: %w", name, errUsage)
	}
}
