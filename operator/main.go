// Command operator looks into the dead-letter queues of a deployed saga, sends
// letters back to where they were going, replays what has happened to one
// context, audits what a run has left behind, erases a customer, and rotates the
// keys of the notification endpoint and of orders. It receives stock, too. It works
// against AWS and against the local cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.com/saga/pkg/printable"
)

const usage = `operator works with the dead letters, the events and the secret of a saga, audits it, erases customers, and receives stock.

usage: operator letters [flags] [QUEUE]   show dead-letter queues, or the letters in one
       operator redrive [flags] QUEUE     send the letters in a queue back to where they were going
       operator replay  [flags]           give the events of a time or an order to one context again
       operator audit   [flags]           check that the saga left nothing wrong behind
       operator erase   [flags] CUSTOMER  erase the orders and the points of a customer
       operator receive [flags] SKU=QUANTITY…
                                          publish that stock was received
       operator examples [flags]          print commands that place, follow and cancel an order in a local cloud
       operator rotate  [flags]           replace the key of the notification endpoint, or that of orders' ids and tokens

Every command finds the saga by -ready-file FILE (the local cloud) or -stack NAME (AWS).
The flags of a command are listed by: operator COMMAND -h
`

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// errUsage is an error in how the program was called.
var errUsage = errors.New("see operator help")

func main() {
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	o := operator{stdout: os.Stdout, stderr: os.Stderr, clock: time.Now, readyFile: os.Getenv("SAGA_READY_FILE")}
	code := o.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// operator is what the program gets from outside.
type operator struct {
	stdout, stderr io.Writer
	clock          func() time.Time
	// readyFile is the environment variable SAGA_READY_FILE.
	readyFile string
}

// run does what the arguments say and gives the exit code.
func (o operator) run(ctx context.Context, arguments []string) int {
	err := o.command(ctx, arguments)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		o.complain(err)
		return exitUsage
	}
	o.complain(err)
	return exitError
}

// complain tells an error in one line.
func (o operator) complain(err error) {
	//nolint:errcheck // There is nowhere else to tell.
	fmt.Fprintln(o.stderr, "operator:", printable.Line(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

func (o operator) command(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("a command is missing: %w", errUsage)
	}
	switch name, rest := arguments[0], arguments[1:]; name {
	case "letters":
		return o.letters(ctx, rest)
	case "redrive":
		return o.redrive(ctx, rest)
	case "replay":
		return o.replay(ctx, rest)
	case "audit":
		return o.audit(ctx, rest)
	case "erase":
		return o.erase(ctx, rest)
	case "receive":
		return o.receive(ctx, rest)
	case "examples":
		return o.examples(ctx, rest)
	case "rotate":
		return o.rotate(ctx, rest)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(o.stdout, usage)
		return err
	default:
		return fmt.Errorf("there is no command %q: %w", name, errUsage)
	}
}
